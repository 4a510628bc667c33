//! System calls that the daemon never makes. The kernel refuses them with EPERM, so that code that was smuggled in can't read
//! other processes, load code into the kernel, mount, or start programs.

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

/// What is refused; everything else is allowed.
const REFUSED: &[libc::c_long] = &[
    // Other processes' memory, and this one's from outside.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_userfaultfd,
    // Programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_personality,
    // File systems and name spaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_acct,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // The kernel itself.
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_syslog,
    libc::SYS_reboot,
    // The machine's clock and name.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

/// Bit of the x32 numbers, a second set of the same calls, and the last of those that only it has.
#[cfg(target_arch = "x86_64")]
const X32: (libc::c_long, libc::c_long) = (0x4000_0000, 547);

/// Refuses the calls in this thread and those that it starts; it must have given up new rights before.
///
/// # Errors
/// When the kernel has no such filter.
pub fn restrict() -> Result<(), seccompiler::Error> {
    let refused = REFUSED.iter().copied();
    #[cfg(target_arch = "x86_64")]
    let refused = refused.flat_map(|n| [n, n | X32.0]).chain((512..=X32.1).map(|n| n | X32.0)).chain([
        libc::SYS_iopl,
        libc::SYS_ioperm,
        libc::SYS_modify_ldt,
    ]);
    let rules = refused.map(|n| (n, Vec::new())).collect();
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let errno = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, errno, arch)?;
    apply_filter(&BpfProgram::try_from(filter)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_calls_fail_and_nothing_else_does() {
        let tried = std::thread::spawn(|| {
            rustix::thread::set_no_new_privs(true).unwrap();
            restrict().unwrap();
            let program = std::process::Command::new("/bin/true").status().map_err(|e| e.raw_os_error());
            let file = std::fs::read("/proc/self/status").map(|b| b.len());
            let thread = std::thread::spawn(|| std::net::TcpListener::bind("127.0.0.1:0").is_ok()).join();
            (program.unwrap_err(), file.unwrap() > 0, thread.unwrap())
        });
        assert_eq!(tried.join().unwrap(), (Some(libc::EPERM), true, true));
        assert!(std::process::Command::new("/bin/true").status().is_ok(), "other threads are free");
    }
}
