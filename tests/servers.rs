//! Real servers of Debian beside the sidecar and the filter: each is started here on the loopback, answers requests that carry
//! planted values, and is stopped. One that is not installed is skipped with a line that says so.

mod support;

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use support::daemon::{Place, wait_for};
use support::net::port;

const PHONE: &str = "13800138001";
const FILE: &str = "[sink.file.clean]\npath = 'DIR/out/clean.log'\n";

/// A server that ends with its test.
struct Server(Child);

impl Server {
    /// Starts `program`; nothing when it is not installed.
    fn start(place: &Place, program: &str, args: &[&str]) -> Option<Server> {
        let found = ["/usr/sbin", "/usr/bin", "/usr/local/bin"].iter().map(|d| Path::new(d).join(program));
        let Some(path) = found.into_iter().find(|p| p.exists()) else {
            eprintln!("skipped: {program} is not installed");
            return None;
        };
        let said = fs::File::options().append(true).create(true).open(place.at("server.said")).unwrap();
        let mut command = Command::new(path);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        command.env("HOME", place.dir.path()).env("XDG_DATA_HOME", place.dir.path()).env("LC_ALL", "C");
        command.env("XDG_CONFIG_HOME", place.dir.path());
        Some(Server(command.spawn().unwrap()))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    fn stop(mut self) {
        self.signal(Signal::TERM);
        let mut gone = false;
        wait_for("the server ends", || {
            gone |= self.0.try_wait().unwrap().is_some();
            gone
        });
    }

    /// Processes whose parent is the server and whose command holds `word`.
    fn children(&self, word: &str) -> Vec<i32> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit_once(')').and_then(|(_, r)| r.split_whitespace().nth(1)?.parse::<u32>().ok());
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if parent == Some(self.0.id()) && memchr::memmem::find(&command, word.as_bytes()).is_some() {
                found.push(pid);
            }
        }
        found
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
            std::thread::sleep(std::time::Duration::from_millis(300));
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// Requests numbered `from..to`, each with a telephone number in its query.
fn requests(port: u16, from: u32, to: u32) {
    wait_for("the server answers", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    for n in from..to {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let head =
            format!("GET /?n={n}&phone={PHONE}&z=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
    }
}

/// True when each request is in a text once.
fn each_once(text: &str, all: u32) -> bool {
    (0..all).all(|n| text.matches(&format!("?n={n}&phone=phone_")).count() == 1)
}

/// Waits until each request is there once, and says what is wrong when it is not.
fn wait_for_each(place: &Place, name: &str, all: u32) {
    let started = std::time::Instant::now();
    let text = || place.read(name).replace("\\u0026", "&");
    while !each_once(&text(), all) && started.elapsed() < std::time::Duration::from_secs(20) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let text = text();
    let count = |n: &u32| text.matches(&format!("?n={n}&phone=phone_")).count();
    let wrong: Vec<_> = (0..all).map(|n| (n, count(&n))).filter(|(_, c)| *c != 1).collect();
    let line = text.lines().last().unwrap_or_default();
    assert!(wrong.is_empty(), "{name}: {wrong:?}\n{line}\n{}\n{}", place.read("server.said"), place.read("error.log"));
}

/// The user of worker processes; tests of root need one that may write.
fn user() -> &'static str {
    if rustix::process::geteuid().is_root() { "user root;" } else { "" }
}

fn nginx(place: &Place, port: u16, logs: &str) -> Option<Server> {
    let dir = place.dir.path().display();
    fs::create_dir_all(place.at("in")).unwrap();
    let conf = format!(
        "{} daemon off; pid {dir}/nginx.pid; error_log {dir}/in/error.log notice; worker_processes 1;\n\
         events {{}}\nhttp {{ {logs}\nclient_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;\n\
         uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;\n\
         server {{ listen 127.0.0.1:{port}; location / {{ return 200 ok; }} }} }}\n",
        user()
    );
    fs::write(place.at("nginx.conf"), conf).unwrap();
    let (prefix, conf) = (place.dir.path().display().to_string(), place.at("nginx.conf").display().to_string());
    Server::start(place, "nginx", &["-p", &prefix, "-c", &conf, "-e", &format!("{prefix}/in/error.log")])
}

#[test]
fn nginx_by_file_with_logrotate() {
    let place = Place::new(&format!("[source.file.web]\ninclude = ['DIR/in/access.log']\n{FILE}"));
    let web = port();
    let dir = place.dir.path().display().to_string();
    let Some(server) = nginx(&place, web, &format!("access_log {dir}/in/access.log combined;")) else { return };
    let daemon = place.start_ready();
    let conf = format!(
        "{dir}/in/access.log {{\n rotate 9\n compress\n create 0640\n postrotate\n kill -USR1 $(cat {dir}/nginx.pid)\n \
         endscript\n}}\n"
    );
    fs::write(place.at("rotate.conf"), conf).unwrap();
    let state = place.at("rotate.state").display().to_string();
    for round in 0..4 {
        requests(web, round * 50, round * 50 + 50);
        // A file that is rotated and compressed within the half second between two looks at the folder may get its last
        // records when nobody holds it any more.
        wait_for_each(&place, "out/clean.log", round * 50 + 50);
        match Command::new("/usr/sbin/logrotate").args(["-f", "-s", &state]).arg(place.at("rotate.conf")).status() {
            Ok(status) => assert!(status.success()),
            Err(_) => eprintln!("skipped: logrotate is not installed"),
        }
    }
    wait_for_each(&place, "out/clean.log", 200);
    server.stop();
    assert!(daemon.stop().success());
    assert_eq!(place.read("out/clean.log").lines().count(), 200);
    place.assert_clean(&["in", "key"], &[PHONE]);
}

#[test]
fn nginx_by_syslog() {
    let udp = port();
    let place = Place::new(&format!(
        "[source.syslog.udp]\ntransport = 'udp'\naddress = '127.0.0.1:{udp}'\n\
         [source.syslog.gram]\ntransport = 'unixgram'\naddress = 'DIR/gram.sock'\nsocket_mode = '0666'\n{FILE}"
    ));
    let daemon = place.start_ready();
    let web = port();
    let gram = place.at("gram.sock").display().to_string();
    let json = "log_format j escape=json '{\"r\":\"$request\",\"json\":1}';";
    let logs = format!(
        "{json} access_log syslog:server=127.0.0.1:{udp},tag=nginx combined; \
         access_log syslog:server=unix:{gram},nohostname,tag=nginxj j;"
    );
    let Some(server) = nginx(&place, web, &logs) else { return };
    for n in (0..100).step_by(4) {
        requests(web, n, n + 4);
        // A Unix socket holds ten datagrams, and nginx drops the others.
        wait_for("both records of each", || place.read("out/clean.log").lines().count() as u32 == 2 * (n + 4));
    }
    let out = place.read("out/clean.log");
    let (json, text): (Vec<_>, Vec<_>) = out.lines().partition(|l| l.starts_with("{\"r\":\"GET /?n="));
    assert!(json.iter().all(|l| l.ends_with("\"json\":1}")) && each_once(&json.join("\n"), 100), "{json:?}");
    assert!(each_once(&text.join("\n"), 100), "{text:?}");
    server.stop();
    assert!(daemon.stop().success());
    place.assert_clean(&["in", "key"], &[PHONE]);
}

#[test]
fn apache_by_pipe() {
    let place = Place::new("");
    let (dir, web) = (place.dir.path().display().to_string(), port());
    let logveil = env!("CARGO_BIN_EXE_logveil");
    let conf = format!(
        "ServerRoot {dir}\nServerName x\nPidFile {dir}/pid\nListen 127.0.0.1:{web}\nErrorLog {dir}/error.log\n\
         LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n\
         LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n\
         DocumentRoot {dir}/www\nLogFormat \"%h %l %u %t \\\"%r\\\" %>s %b\" common\n\
         CustomLog \"||{logveil} filter -k {dir}/key --tag none -o {dir}/clean.log\" common\n"
    );
    fs::create_dir(place.at("www")).unwrap();
    fs::write(place.at("www/index.html"), "ok").unwrap();
    fs::write(place.at("apache.conf"), conf).unwrap();
    let conf = place.at("apache.conf").display().to_string();
    let Some(server) = Server::start(&place, "apache2", &["-f", &conf, "-DFOREGROUND"]) else { return };
    requests(web, 0, 50);
    wait_for_each(&place, "clean.log", 50);
    server.signal(Signal::USR1);
    requests(web, 50, 100);
    wait_for_each(&place, "clean.log", 100);
    wait_for("one filter after a graceful restart", || server.children("logveil").len() == 1);
    let children = server.children("logveil");
    kill_process(Pid::from_raw(children[0]).unwrap(), Signal::KILL).unwrap();
    wait_for("another filter", || server.children("logveil").iter().any(|c| *c != children[0]));
    requests(web, 100, 150);
    wait_for_each(&place, "clean.log", 150);
    server.stop();
    place.assert_clean(&["key"], &[PHONE]);
}

#[test]
fn haproxy_and_caddy() {
    let (udp, tcp) = (port(), port());
    let place = Place::new(&format!(
        "[source.syslog.balancer]\ntransport = 'udp'\naddress = '127.0.0.1:{udp}'\n\
         [source.syslog.server]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\n\
         [sink.file.haproxy]\npath = 'DIR/out/haproxy.log'\ninputs = ['balancer']\n\
         [sink.file.caddy]\npath = 'DIR/out/caddy.log'\ninputs = ['server']\n"
    ));
    let daemon = place.start_ready();
    let web = port();
    let conf = format!(
        "global\n log 127.0.0.1:{udp} format rfc5424 local0\ndefaults\n mode http\n log global\n option httplog\n \
         timeout client 5s\n timeout server 5s\n timeout connect 5s\nfrontend f\n bind 127.0.0.1:{web}\n \
         http-request return status 200\n"
    );
    fs::write(place.at("haproxy.cfg"), conf).unwrap();
    let conf = place.at("haproxy.cfg").display().to_string();
    if let Some(server) = Server::start(&place, "haproxy", &["-f", &conf, "-db"]) {
        requests(web, 0, 50);
        wait_for_each(&place, "out/haproxy.log", 50);
        let bare = |l: &str| l.starts_with("127.0.0.1:") && l.ends_with('"');
        assert!(place.read("out/haproxy.log").lines().all(bare), "messages without header and line end");
        server.stop();
    }
    let web = port();
    let conf = format!(
        "{{\n admin off\n auto_https off\n}}\nhttp://127.0.0.1:{web} {{\n log {{\n output net tcp/127.0.0.1:{tcp}\n }}\n \
         respond \"hi\"\n}}\n"
    );
    fs::write(place.at("Caddyfile"), conf).unwrap();
    let conf = place.at("Caddyfile").display().to_string();
    if let Some(server) = Server::start(&place, "caddy", &["run", "--config", &conf, "--adapter", "caddyfile"]) {
        requests(web, 0, 50);
        wait_for_each(&place, "out/caddy.log", 50);
        for line in place.read("out/caddy.log").lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        server.stop();
    }
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &[PHONE]);
}

#[test]
fn rsyslog_by_forwarding_and_by_its_programs() {
    let (tcp, input) = (port(), port());
    let place =
        Place::new(&format!("[source.syslog.forwarded]\ntransport = 'tcp'\naddress = '127.0.0.1:{tcp}'\n{FILE}"));
    let daemon = place.start_ready();
    let (dir, logveil) = (place.dir.path().display().to_string(), env!("CARGO_BIN_EXE_logveil"));
    let filter = format!("{logveil} filter -k {dir}/key --tag none --protocol");
    let conf = format!(
        "global(workDirectory=\"{dir}\")\nmodule(load=\"imudp\")\nmodule(load=\"mmexternal\")\nmodule(load=\"omprog\")\n\
         template(name=\"t\" type=\"string\" string=\"%msg%\\n\")\n\
         ruleset(name=\"all\") {{\n\
         action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{tcp}\" protocol=\"tcp\" TCP_Framing=\"octet-counted\")\n\
         action(type=\"omprog\" binary=\"{filter} rsyslog-omprog -o {dir}/omprog.log\" confirmMessages=\"on\" template=\"t\")\n\
         action(type=\"mmexternal\" binary=\"{filter} rsyslog-mmexternal\" interface.input=\"msg\")\n\
         action(type=\"omfile\" file=\"{dir}/mm.log\" template=\"t\")\n}}\n\
         input(type=\"imudp\" address=\"127.0.0.1\" port=\"{input}\" ruleset=\"all\")\n"
    );
    fs::write(place.at("rsyslog.conf"), conf).unwrap();
    let (conf, pid) = (place.at("rsyslog.conf").display().to_string(), place.at("rs.pid").display().to_string());
    let Some(server) = Server::start(&place, "rsyslogd", &["-n", "-f", &conf, "-i", &pid]) else { return };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |n: u32| {
        let text = format!("<13>Nov 23 16:23:53 vm web: GET /?n={n}&phone={PHONE}&z=[\"\\] 中文 end");
        socket.send_to(text.as_bytes(), ("127.0.0.1", input)).unwrap();
    };
    // The first ones may come before rsyslog listens.
    let mut tries = 0;
    wait_for("rsyslog takes messages", || {
        send(1_000_000 + tries);
        tries += 1;
        std::thread::sleep(std::time::Duration::from_millis(50));
        !place.read("mm.log").is_empty()
    });
    (0..100).for_each(send);
    for name in ["mm.log", "omprog.log", "out/clean.log"] {
        wait_for(name, || each_once(&place.read(name), 100));
        assert!(place.read(name).contains("&z=[\"\\] 中文 end\n"), "{name}: other bytes stay");
    }
    server.stop();
    assert!(daemon.stop().success());
    place.assert_clean(&["key"], &[PHONE]);
}
