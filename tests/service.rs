//! The Debian package as a service, under a systemd that is booted for it (`support/boot.sh`): what is installed runs, hardened, loses
//! nothing over kills, restarts and upgrades, and goes when it is purged.
//!
//! `LOGVEIL_DEB` names the package, else it is the one of `deploy/deb/build.sh`. Needs root, and no network:
//! `deploy/deb/build.sh && cargo test --features sidecar --test service -- --nocapture`

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::daemon::{wait_for, whole_lines};
use support::machine::Machine;
use support::net::{MARKS, record};
use support::package;

const CONFIG: &str = "/etc/logveil/logveil.toml";
const LOAD: &str = "/var/log/nginx/load.access.log";

/// The machine, and how many records were written in it.
struct Service {
    machine: Machine,
    written: u64,
}

impl Service {
    /// Installs the package on a machine that never saw it, with raw logs as Debian's servers leave them.
    fn install(machine: Machine) -> Service {
        machine.run("dpkg -s logveil && apt-get purge -y logveil; userdel logveil");
        machine.does(
            "rm -rf /etc/logveil /var/lib/logveil /var/log/logveil /var/log/nginx
             install -d -o root -g adm -m 755 /var/log/nginx && install -o www-data -g adm -m 640 /dev/null /var/log/nginx/load.access.log",
        );
        let said = machine.does("cd / && apt-get install -y --no-install-recommends /srv/logveil.deb");
        assert!(!said.contains("warning") && !said.contains("Failed"), "{said}");
        let service = Service { machine, written: 0 };
        service.active();
        service
    }

    fn active(&self) {
        wait_for("the service is active", || self.machine.property("ActiveState") == "active");
    }

    fn main_pid(&self) -> u32 {
        self.machine.property("MainPID").parse().unwrap()
    }

    fn journal(&self) -> String {
        self.machine.does("journalctl -o export --no-pager")
    }

    /// Appends `count` records as a web server does, with planted values.
    fn write(&mut self, count: u64) {
        let text: String = (self.written..self.written + count).map(|n| record(n) + "\n").collect();
        self.written += count;
        File::options().append(true).open(self.machine.at(LOAD)).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Writes while `work` is under way.
    fn write_during<T>(&mut self, work: impl FnOnce(&Machine) -> T) -> T {
        let over = AtomicBool::new(false);
        let mut file = File::options().append(true).open(self.machine.at(LOAD)).unwrap();
        let first = self.written;
        let (done, next) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut n = first;
                while !over.load(Ordering::Relaxed) {
                    let text: String = (n..n + 20).map(|n| record(n) + "\n").collect();
                    file.write_all(text.as_bytes()).unwrap();
                    n += 20;
                    std::thread::sleep(Duration::from_millis(5));
                }
                n
            });
            // Also when the work fails: the scope waits for the writer.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&self.machine)));
            over.store(true, Ordering::Relaxed);
            (done, writer.join().unwrap())
        });
        self.written = next;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn output(&self) -> String {
        fs::read_to_string(self.machine.at("/var/log/logveil/access.log")).unwrap_or_default()
    }

    /// Waits for all records, and fails when one is missing, twice, torn or at another place.
    fn whole(&self) {
        let mut got = 0;
        wait_for("all records", || {
            let text = self.output();
            let ours: Vec<_> = whole_lines(&text).filter(|l| l.starts_with("n=")).collect();
            got = ours.len() as u64;
            for (n, line) in ours.iter().enumerate() {
                assert!(line.starts_with(&format!("n={n} ")) && line.contains(" end"), "{n} comes next, not {line}");
            }
            got >= self.written
        });
        assert_eq!(got, self.written);
        let text = self.output();
        assert!(MARKS.iter().all(|m| !text.contains(m)));
    }

    /// Looks for planted values in every file that the machine wrote, those of the web server left out, and in the journal.
    fn nothing_leaked(&self) {
        let marks: String = MARKS.iter().map(|m| format!(" -e {m}")).collect();
        let (_, found) = self.machine.run(&format!(
            "find /etc /var /run /tmp /dev/shm -type f -newer /srv/logveil.deb ! -path '/var/log/nginx/*' \
             -exec grep -laF{marks} {{}} +"
        ));
        assert_eq!(found, "");
        let journal = self.journal();
        assert!(journal.contains("ready") && MARKS.iter().all(|m| !journal.contains(m)));
    }
}

type Step = fn(&mut Service);

#[test]
fn the_package_is_a_service_that_loses_and_leaks_nothing() {
    let Some(package) = package() else { return };
    let Some(machine) = Machine::boot(&package) else { return };
    let mut service = Service::install(machine);
    let steps: [(&str, Step); 11] = [
        ("rights", rights),
        ("records", records),
        ("reload", reload),
        ("kills", kills),
        ("stop under load", stop_under_load),
        ("a hanging process", hang),
        ("long trouble", long_trouble),
        ("socket", socket),
        ("nginx", nginx),
        ("upgrade", upgrade),
        ("purge", purge),
    ];
    for (name, step) in steps {
        let started = Instant::now();
        step(&mut service);
        println!("{name}: {:.1?}", started.elapsed());
    }
}

fn records(service: &mut Service) {
    service.write(500);
    service.whole();
}

/// What the process may do, by the kernel's word, and what systemd thinks of the unit.
fn rights(service: &mut Service) {
    let (machine, pid) = (&service.machine, service.main_pid());
    let proc = |file: &str| machine.at(&format!("/proc/{pid}/{file}"));
    let user: u32 = machine.does("id -u logveil").trim().parse().unwrap();
    let status = fs::read_to_string(proc("status")).unwrap();
    let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(field("Uid:"), [user; 4].map(|u| u.to_string()).join("\t"));
    assert_eq!((field("NoNewPrivs:"), field("Seccomp:")), ("1".into(), "2".into()));
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    let limits = fs::read_to_string(proc("limits")).unwrap();
    let core = limits.lines().find_map(|l| l.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>(), ["0", "0", "bytes"]);
    let said = machine.does("journalctl -u logveil");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
    // Files of a process that can be dumped belong to its user, others to root.
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&fs::metadata(proc("status")).unwrap()), 0);
    let mode = |path: &str| machine.does(&format!("stat -c '%U %a' {path}")).trim().to_owned();
    assert_eq!(mode("/etc/logveil/key"), "logveil 600");
    assert_eq!(mode("/var/lib/logveil"), "logveil 700");
    assert_eq!(mode("/var/log/logveil"), "logveil 750");
    // It can write its own places and no others, and sees none of the homes.
    let places = "for d in / /etc /etc/logveil /usr /var/log /var/log/nginx /var/lib /home /root; do [ ! -w $d ] || echo $d; done";
    assert_eq!(
        machine.does(&format!("nsenter -t {pid} -m setpriv --reuid logveil --clear-groups sh -c '{places}'")),
        ""
    );
    let word = machine.does("systemd-analyze security --no-pager logveil");
    let level = word.rsplit_once("exposure level for logveil.service: ").unwrap().1;
    println!("exposure {}", level.trim());
    assert!(level.split(' ').next().unwrap().parse::<f32>().unwrap() <= 2.0, "{word}");
    assert!(machine.property("WatchdogTimestampMonotonic").parse::<u64>().unwrap() > 0);
    assert_eq!(machine.property("WatchdogUSec"), "30s");
}

fn reload(service: &mut Service) {
    let pid = service.main_pid();
    let good = fs::read_to_string(service.machine.at(CONFIG)).unwrap();
    let tags = |service: &Service| service.output().lines().last().unwrap().contains("deid=");
    assert!(tags(service));
    let bare = good.replace("[engine]\n", "[engine]\ntag = \"none\"\n");
    fs::write(service.machine.at(CONFIG), &bare).unwrap();
    service.write_during(|machine| machine.does("systemctl reload logveil"));
    wait_for("the new configuration", || {
        service.write(1);
        std::thread::sleep(Duration::from_millis(100));
        !tags(service)
    });
    // A bad one is refused by the check; and by the daemon, for those who ask it directly.
    fs::write(service.machine.at(CONFIG), good.replace("jdcloud-2021", "no-such-policy")).unwrap();
    let (well, said) = service.write_during(|machine| machine.run("systemctl reload logveil"));
    assert!(!well, "{said}");
    service.write_during(|machine| {
        machine.does("systemctl kill -s HUP logveil");
        wait_for("a word about it", || machine.does("journalctl -u logveil").contains("reload refused"));
    });
    service.whole();
    assert!(!tags(service) && service.main_pid() == pid);
    fs::write(service.machine.at(CONFIG), good).unwrap();
    service.machine.does("systemctl reload logveil");
}

fn kills(service: &mut Service) {
    for _ in 0..4 {
        let pid = service.main_pid();
        service.write_during(|machine| {
            std::thread::sleep(Duration::from_millis(200));
            machine.does("systemctl kill -s KILL --kill-who main logveil");
            wait_for("systemd starts it again", || {
                let new = machine.property("MainPID");
                new != "0" && new != pid.to_string() && machine.property("ActiveState") == "active"
            });
        });
    }
    service.whole();
}

fn stop_under_load(service: &mut Service) {
    service.write_during(|machine| {
        machine.does("systemctl stop logveil");
        // Neither killed by systemd nor with anything left to do.
        assert_eq!((machine.property("Result"), machine.property("ExecMainStatus")), ("success".into(), "0".into()));
        assert_eq!(machine.property("MainPID"), "0");
        machine.does("systemctl start logveil");
    });
    service.whole();
}

/// A process that shows no life is ended and started again, and leaves no memory behind.
fn hang(service: &mut Service) {
    service.machine.does(
        "mkdir -p /run/systemd/system/logveil.service.d
         printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/logveil.service.d/test.conf
         systemctl daemon-reload && systemctl restart logveil",
    );
    let pid = service.main_pid();
    service.write_during(|machine| {
        machine.does("systemctl kill -s STOP --kill-who main logveil");
        wait_for("the watchdog", || {
            let new = machine.property("MainPID");
            new != "0" && new != pid.to_string() && machine.property("ActiveState") == "active"
        });
    });
    let said = service.machine.does("journalctl -u logveil");
    assert!(said.contains("Watchdog timeout") && !said.contains("dumped core"), "{said}");
    service.whole();
}

/// Trouble that outlasts any number of starts, and then is over, needs nobody.
fn long_trouble(service: &mut Service) {
    service.machine.does("mv /etc/logveil/key /etc/logveil/away; systemctl kill -s KILL --kill-who main logveil");
    let starts = || service.machine.property("NRestarts").parse::<u32>().unwrap();
    let before = starts();
    wait_for("many starts in vain", || starts() >= before + 7 || service.machine.property("ActiveState") == "failed");
    service.machine.does("mv /etc/logveil/away /etc/logveil/key");
    service.active();
    service.write(10);
    service.whole();
}

/// The socket of the package outlives the daemon, and wakes it.
fn socket(service: &mut Service) {
    let text = fs::read_to_string(service.machine.at(CONFIG)).unwrap();
    let text = text + "\n[source.syslog.web]\ntransport = \"udp\"\naddress = \"systemd:0\"\n";
    fs::write(service.machine.at(CONFIG), text).unwrap();
    service
        .machine
        .does("systemctl stop logveil && systemctl enable --now logveil-syslog.socket && systemctl start logveil");
    let send = |n: u32| {
        let message = format!("m={n} mobile={} end", MARKS[0]);
        service.machine.does(&format!("logger -n 127.0.0.1 -P 5514 -d --rfc3164 -t nginx '{message}'"));
        wait_for("a message", || service.output().contains(&format!("m={n} mobile=phone_")));
    };
    send(1);
    service.machine.does("systemctl stop logveil");
    assert_eq!(service.machine.property("ActiveState"), "inactive");
    send(2);
    service.active();
    assert!(!service.output().contains(MARKS[0]));
}

/// A real server's requests.
fn nginx(service: &mut Service) {
    if !service.machine.run("command -v nginx").0 {
        eprintln!("skipped: nginx is not installed");
        return;
    }
    service.machine.does(&format!(
        "systemctl start nginx
         for n in $(seq 100); do
             exec 3<>/dev/tcp/127.0.0.1/80
             printf 'GET /hit-%s-end?mobile={} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' $n >&3
             cat <&3 >/dev/null
         done
         systemctl stop nginx",
        MARKS[0]
    ));
    let hits = |n: u32| service.output().matches(&format!("GET /hit-{n}-end?mobile=phone_")).count();
    wait_for("nginx's requests", || (1..=100).all(|n| hits(n) > 0));
    assert!((1..=100).all(|n| hits(n) == 1) && !service.output().contains(MARKS[0]));
}

/// The same package again: key, configuration and tokens stay.
fn upgrade(service: &mut Service) {
    let files = "cat /etc/logveil/key /etc/logveil/logveil.toml";
    let (before, pid) = (service.machine.does(files), service.main_pid());
    service.write_during(|machine| machine.does("cd / && apt-get install -y --reinstall /srv/logveil.deb"));
    service.active();
    assert!(service.machine.does(files) == before && service.main_pid() != pid);
    service.whole();
    let token = |line: &str| line.split_once("mobile=").unwrap().1.split('&').next().unwrap().to_owned();
    let text = service.output();
    let ours: Vec<_> = whole_lines(&text).filter(|l| l.starts_with("n=")).map(token).collect();
    assert_eq!(ours.first(), ours.last());
}

fn purge(service: &mut Service) {
    service.nothing_leaked();
    service.machine.does("cd / && apt-get purge -y logveil");
    assert_eq!(service.machine.property("LoadState"), "not-found");
    for unit in ["logveil.service", "logveil-syslog.socket"] {
        assert!(!service.machine.run(&format!("systemctl is-active {unit}")).0, "{unit}");
        let left = format!(
            "find /etc/systemd /lib/systemd /run/systemd/system /var/lib/systemd -name '{unit}*' ! -name '*.d'"
        );
        assert_eq!(service.machine.does(&left), "");
    }
    assert!(!service.machine.run("pgrep -u logveil").0);
    assert!(!service.machine.at("/var/lib/logveil").exists() && !service.machine.at(CONFIG).exists());
    // What may still be needed stays.
    assert!(service.machine.at("/etc/logveil/key").exists() && !service.output().is_empty());
}
