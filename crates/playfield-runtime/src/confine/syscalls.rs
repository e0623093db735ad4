//! System calls: what programs need is allowed, in the manner of container engines; all else is refused with an error, so that
//! a program that merely tries goes on.
//!
//! Three filters, each asked for every call; the strictest answer counts. An unknown call is "not there" (`ENOSYS`), for which
//! programs have a second way; one that is known and not for guests is "not permitted" (`EPERM`). A call for another
//! architecture ends the process.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::ConfineError;

#[cfg(target_arch = "x86_64")]
const ARCH: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCH: TargetArch = TargetArch::aarch64;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

macro_rules! calls {
    ($($name:ident)*) => { &[$(libc::$name),*] };
}

/// Files, memory, processes, time, sockets: what the C library and its programs are made of.
const ALLOWED: &[c_long] = calls! {
    SYS_accept SYS_accept4 SYS_bind SYS_brk SYS_capget SYS_capset SYS_chdir SYS_clock_getres SYS_clock_gettime
    SYS_clock_nanosleep SYS_clone SYS_close SYS_close_range SYS_connect SYS_copy_file_range SYS_dup SYS_dup3
    SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait SYS_epoll_pwait2 SYS_eventfd2 SYS_execve SYS_execveat SYS_exit
    SYS_exit_group SYS_faccessat SYS_faccessat2 SYS_fadvise64 SYS_fallocate SYS_fchdir SYS_fchmod SYS_fchmodat
    SYS_fchown SYS_fchownat SYS_fcntl SYS_fdatasync SYS_fgetxattr SYS_flistxattr SYS_flock SYS_fremovexattr
    SYS_fsetxattr SYS_fstat SYS_fstatfs SYS_fsync SYS_ftruncate SYS_futex SYS_futex_waitv SYS_get_mempolicy
    SYS_get_robust_list SYS_getcpu SYS_getcwd SYS_getdents64 SYS_getegid SYS_geteuid SYS_getgid SYS_getgroups
    SYS_getitimer SYS_getpeername SYS_getpgid SYS_getpid SYS_getppid SYS_getpriority SYS_getrandom SYS_getresgid
    SYS_getresuid SYS_getrusage SYS_getsid SYS_getsockname SYS_getsockopt SYS_gettid SYS_gettimeofday
    SYS_getuid SYS_getxattr SYS_inotify_add_watch SYS_inotify_init1 SYS_inotify_rm_watch SYS_ioctl SYS_ioprio_get
    SYS_ioprio_set SYS_kill SYS_landlock_add_rule SYS_landlock_create_ruleset SYS_landlock_restrict_self
    SYS_lgetxattr SYS_linkat SYS_listen SYS_listxattr SYS_llistxattr SYS_lremovexattr SYS_lseek SYS_lsetxattr
    SYS_madvise SYS_mbind SYS_membarrier SYS_mincore SYS_mkdirat SYS_mknodat SYS_mlock SYS_mlock2 SYS_mlockall
    SYS_mmap SYS_mprotect SYS_mq_getsetattr SYS_mq_notify SYS_mq_open SYS_mq_timedreceive SYS_mq_timedsend
    SYS_mq_unlink SYS_mremap SYS_msync SYS_munlock SYS_munlockall SYS_munmap SYS_nanosleep SYS_newfstatat SYS_openat
    SYS_openat2 SYS_personality SYS_pidfd_open SYS_pidfd_send_signal SYS_pipe2 SYS_pkey_alloc SYS_pkey_free
    SYS_pkey_mprotect SYS_ppoll SYS_prctl SYS_pread64 SYS_preadv SYS_preadv2 SYS_prlimit64 SYS_pselect6 SYS_pwrite64
    SYS_pwritev SYS_pwritev2 SYS_read SYS_readahead SYS_readlinkat SYS_readv SYS_recvfrom SYS_recvmmsg SYS_recvmsg
    SYS_remap_file_pages SYS_removexattr SYS_renameat2 SYS_restart_syscall SYS_rseq SYS_rt_sigaction
    SYS_rt_sigpending SYS_rt_sigprocmask SYS_rt_sigqueueinfo SYS_rt_sigreturn SYS_rt_sigsuspend SYS_rt_sigtimedwait
    SYS_rt_tgsigqueueinfo SYS_sched_get_priority_max SYS_sched_get_priority_min SYS_sched_getaffinity
    SYS_sched_getattr SYS_sched_getparam SYS_sched_getscheduler SYS_sched_rr_get_interval SYS_sched_setaffinity
    SYS_sched_setattr SYS_sched_setparam SYS_sched_setscheduler SYS_sched_yield SYS_seccomp SYS_sendfile SYS_sendmmsg
    SYS_sendmsg SYS_sendto SYS_set_mempolicy SYS_set_robust_list SYS_set_tid_address SYS_setfsgid SYS_setfsuid
    SYS_setgid SYS_setgroups SYS_setitimer SYS_setpgid SYS_setpriority SYS_setregid SYS_setresgid SYS_setresuid
    SYS_setreuid SYS_setsid SYS_setsockopt SYS_setuid SYS_setxattr SYS_shutdown SYS_sigaltstack
    SYS_signalfd4 SYS_socket SYS_socketpair SYS_splice SYS_statfs SYS_statx SYS_symlinkat SYS_sync
    SYS_syncfs SYS_sysinfo SYS_tee SYS_tgkill SYS_timer_create SYS_timer_delete SYS_timer_getoverrun SYS_timer_gettime
    SYS_timer_settime SYS_timerfd_create SYS_timerfd_gettime SYS_timerfd_settime SYS_times SYS_tkill SYS_truncate
    SYS_umask SYS_uname SYS_unlinkat SYS_utimensat SYS_vmsplice SYS_wait4 SYS_waitid SYS_write SYS_writev
};

/// Older forms, and what this architecture has of its own.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = calls! {
    SYS_access SYS_alarm SYS_arch_prctl SYS_chmod SYS_chown SYS_creat SYS_dup2 SYS_epoll_create SYS_epoll_ctl_old
    SYS_epoll_wait SYS_epoll_wait_old SYS_eventfd SYS_fork SYS_futimesat SYS_getdents SYS_getpgrp SYS_getrlimit SYS_renameat
    SYS_setrlimit SYS_sync_file_range SYS_inotify_init
    SYS_lchown SYS_link SYS_lstat SYS_mkdir SYS_mknod SYS_open SYS_pause SYS_pipe SYS_poll SYS_readlink SYS_rename
    SYS_rmdir SYS_select SYS_signalfd SYS_stat SYS_symlink SYS_time SYS_unlink SYS_utime SYS_utimes SYS_vfork
};
/// `renameat`, `sync_file_range`, `getrlimit`, `setrlimit` (`asm-generic/unistd.h`), which the crate has no names for here.
#[cfg(target_arch = "aarch64")]
const ALLOWED_HERE: &[c_long] = &[38, 84, 163, 164];

/// Memory that no process need map, so that nothing but a control group counts it. Programs have a second way: files in
/// `/dev/shm` and `XDG_RUNTIME_DIR`.
const UNCOUNTED: &[c_long] = calls! { SYS_shmget SYS_shmat SYS_shmctl SYS_shmdt };
const MEMFD: &[c_long] = calls! { SYS_memfd_create };

/// Known, and not for guests.
const REFUSED: &[c_long] = calls! {
    SYS_acct SYS_add_key SYS_adjtimex SYS_bpf SYS_chroot SYS_clock_adjtime SYS_clock_settime SYS_delete_module
    SYS_fanotify_init SYS_fanotify_mark SYS_finit_module SYS_fsconfig SYS_fsmount SYS_fsopen SYS_fspick
    SYS_init_module SYS_io_uring_enter SYS_io_uring_register SYS_io_uring_setup SYS_kcmp
    SYS_kexec_load SYS_keyctl SYS_lookup_dcookie SYS_migrate_pages SYS_mount SYS_mount_setattr SYS_move_mount
    SYS_move_pages SYS_name_to_handle_at SYS_nfsservctl SYS_open_by_handle_at SYS_open_tree SYS_perf_event_open
    SYS_pidfd_getfd SYS_pivot_root SYS_process_madvise SYS_process_mrelease SYS_process_vm_readv
    SYS_process_vm_writev SYS_ptrace SYS_quotactl SYS_reboot SYS_request_key SYS_setdomainname SYS_sethostname
    SYS_setns SYS_settimeofday SYS_swapoff SYS_swapon SYS_syslog SYS_umount2 SYS_unshare SYS_userfaultfd SYS_vhangup
};

/// `clone3` takes its flags in memory, where a filter cannot look: programs fall back on `clone`.
const NOT_THERE: &[c_long] = &[libc::SYS_clone3];

/// Namespaces, in `clone`'s flags.
const NEW: [i32; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Kinds of sockets; of netlink, routes, and for a guest with gamepads what is said of devices: in a network of its own that is
/// nothing, and `desktop::pads` gives programs another socket in place of it.
const FAMILIES: [i32; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// `TIOCLINUX` (`ioctl_console`(2)): pastes into a terminal, as `TIOCSTI` types into it.
const TIOCLINUX: u64 = 0x541c;

/// Personalities (`personality`(2)): ours, without random addresses, and the question which it is.
const PERSONALITIES: [u64; 3] = [0, 0x0004_0000, 0xffff_ffff];

/// Filters this process and all that it starts, for good. Without a control group, memory that only it would count is refused.
pub(super) fn restrict(memory_is_counted: bool, rules: &super::Rules) -> Result<(), ConfineError> {
    let failed = |error: seccompiler::Error| {
        ConfineError::Missing(format!("seccomp: this kernel does not filter system calls ({error})"))
    };
    programs(memory_is_counted, rules.memfd, rules.gamepads)
        .and_then(|programs| programs.iter().try_for_each(|program| apply_filter(program)))
        .map_err(failed)
}

fn programs(memory_is_counted: bool, memfd: bool, gamepads: bool) -> seccompiler::Result<Vec<BpfProgram>> {
    let named = |lists: &[&[c_long]]| -> Rules {
        lists.iter().flat_map(|list| list.iter()).map(|call| (*call, Vec::new())).collect()
    };
    let absent = match (memory_is_counted, memfd) {
        (true, _) => named(&[NOT_THERE]),
        (false, true) => named(&[NOT_THERE, UNCOUNTED]),
        (false, false) => named(&[NOT_THERE, UNCOUNTED, MEMFD]),
    };
    let mut refused = named(&[REFUSED]);
    refused.extend(by_argument(gamepads)?);
    let known = named(&[ALLOWED, ALLOWED_HERE, UNCOUNTED, MEMFD, NOT_THERE, REFUSED]);
    // What is installed last is asked first, and among equally strict answers it counts.
    let errno = |code: i32| SeccompAction::Errno(code.unsigned_abs());
    Ok(vec![
        program(known, errno(libc::ENOSYS), SeccompAction::Allow)?,
        program(refused, SeccompAction::Allow, errno(libc::EPERM))?,
        program(absent, SeccompAction::Allow, errno(libc::ENOSYS))?,
    ])
}

fn program(rules: Rules, otherwise: SeccompAction, named: SeccompAction) -> seccompiler::Result<BpfProgram> {
    Ok(SeccompFilter::new(rules, otherwise, named, ARCH)?.try_into()?)
}

/// Calls that are refused for some arguments.
fn by_argument(gamepads: bool) -> seccompiler::Result<Rules> {
    let is = |number, operation, value| Ok(SeccompCondition::new(number, Len::Dword, operation, value)?);
    let rule = |conditions| Ok(SeccompRule::new(conditions)?);
    let word = |value: i32| u64::from(value.cast_unsigned());
    let none_of = |values: &[u64]| -> seccompiler::Result<SeccompRule> {
        rule(values.iter().map(|value| is(0, Op::Ne, *value)).collect::<seccompiler::Result<_>>()?)
    };
    let bit = |flag: &i32| rule(vec![is(0, Op::MaskedEq(word(*flag)), word(*flag))?]);
    let mut netlink = vec![is(0, Op::Eq, word(libc::AF_NETLINK))?, is(2, Op::Ne, word(libc::NETLINK_ROUTE))?];
    if gamepads {
        netlink.push(is(2, Op::Ne, word(libc::NETLINK_KOBJECT_UEVENT))?);
    }
    let typed = [libc::TIOCSTI, TIOCLINUX].map(|request| rule(vec![is(1, Op::Eq, request & 0xffff_ffff)?]));
    Ok(BTreeMap::from([
        (libc::SYS_clone, NEW.iter().map(bit).collect::<seccompiler::Result<_>>()?),
        (libc::SYS_socket, vec![none_of(&FAMILIES.map(word))?, rule(netlink)?]),
        (libc::SYS_personality, vec![none_of(&PERSONALITIES)?]),
        (libc::SYS_ioctl, typed.into_iter().collect::<seccompiler::Result<_>>()?),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_are_programs_the_kernel_takes() {
        // 4,096 instructions: BPF_MAXINSNS.
        let both = [true, false];
        let all = both.iter().flat_map(|counted| both.iter().map(move |memfd| (*counted, *memfd)));
        for (counted, memfd) in all {
            for gamepads in both {
                let programs = programs(counted, memfd, gamepads).unwrap();
                assert!(programs.iter().all(|program| !program.is_empty() && program.len() <= 4_096));
            }
        }
    }

    #[test]
    fn no_call_is_both_allowed_and_refused() {
        let lists = [ALLOWED, ALLOWED_HERE, UNCOUNTED, MEMFD, NOT_THERE, REFUSED];
        let mut all: Vec<c_long> = lists.concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
