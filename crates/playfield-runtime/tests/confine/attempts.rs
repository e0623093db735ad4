//! What a hostile guest tries, item by item. Each is the same code outside, where it has to succeed, and inside.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ffi::{call, exit, fork, ignore, pause};

/// What there is on the machine to get at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Another session's home, with a file `save` in it.
    pub other_home: PathBuf,
    /// The node's data folder, with a file `playfield.db`.
    pub data: PathBuf,
    /// A process of another session, of the same user.
    pub sibling: u32,
    /// A service of the machine on its loopback.
    pub port: u16,
    /// The name of an abstract socket, and the path of another.
    pub abstract_socket: String,
    pub path_socket: PathBuf,
    /// A descriptor that was left open.
    pub descriptor: i32,
    /// Key of a segment of shared memory, and the name of a message queue.
    pub shared_memory: usize,
    pub queue: String,
    /// A folder of its own, for what it makes.
    pub own: PathBuf,
}

/// Who can do it outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Anyone.
    All,
    /// Root; for others the system says no already.
    Root,
    /// Some machines: not all have the device, or the kernel's part.
    Some,
}

/// One thing that is tried: its name, who can do it outside, what refuses it inside, how.
pub type Attempt = (&'static str, Outside, &'static str, fn(&Place) -> io::Result<()>);

/// Everything that is tried.
pub const ATTEMPTS: &[Attempt] = &[
    ("read another session's save", Outside::All, "root, Landlock", |place| read(&place.other_home.join("save"))),
    ("change another session's save", Outside::All, "root, Landlock", |place| write(&place.other_home.join("new"))),
    ("read the node's database", Outside::All, "root, Landlock", |place| read(&place.data.join("playfield.db"))),
    ("read /etc/shadow", Outside::Root, "root, Landlock", |_| read(Path::new("/etc/shadow"))),
    ("read the users of the machine", Outside::All, "root", read_users),
    ("write to /usr", Outside::Root, "read-only mount, Landlock, user", |_| write(Path::new("/usr/.playfield-test"))),
    ("write to /etc", Outside::Root, "read-only mount, Landlock, user", |_| write(Path::new("/etc/.playfield-test"))),
    ("write beside its home", Outside::All, "root, Landlock", |place| write(&place.own.with_extension("beside"))),
    ("change a setting of the kernel", Outside::Root, "read-only mount, Landlock, user", change_setting),
    ("see another session's process", Outside::All, "processes", |place| read(&proc(place, "status"))),
    ("read its environment", Outside::All, "processes", |place| read(&proc(place, "environ"))),
    ("look through its root", Outside::All, "processes", |place| read(&proc(place, "root/etc/passwd"))),
    ("signal it", Outside::All, "processes, Landlock", |place| {
        call(libc::SYS_kill, &[place.sibling as usize, 0]).map(drop)
    }),
    ("signal its parent", Outside::Root, "Landlock; init takes no signal", |_| {
        call(libc::SYS_kill, &[std::os::unix::process::parent_id() as usize, 0]).map(drop)
    }),
    ("read its parent's environment", Outside::Some, "init is hidden", |_| {
        read(Path::new(&format!("/proc/{}/environ", std::os::unix::process::parent_id())))
    }),
    ("trace another session's process", Outside::All, "processes, seccomp", |place| {
        const SEIZE: usize = 0x4206;
        call(libc::SYS_ptrace, &[SEIZE, place.sibling as usize, 0, 0]).map(drop)
    }),
    ("trace a child of its own", Outside::All, "seccomp", trace_child),
    ("read another process's memory", Outside::All, "processes, seccomp", read_memory),
    ("take another process's descriptor", Outside::All, "processes, seccomp", |place| {
        let pidfd = call(libc::SYS_pidfd_open, &[place.sibling as usize, 0])?;
        call(libc::SYS_pidfd_getfd, &[pidfd, 0, 0]).map(drop)
    }),
    ("use an inherited descriptor", Outside::All, "closed", |place| {
        call(libc::SYS_fcntl, &[place.descriptor as usize, libc::F_GETFD as usize]).map(drop)
    }),
    ("connect to a service of the machine", Outside::All, "network", |place| {
        TcpStream::connect(("127.0.0.1", place.port)).map(drop)
    }),
    ("connect to an abstract socket", Outside::All, "network, Landlock", |place| {
        UnixStream::connect_addr(&SocketAddr::from_abstract_name(&place.abstract_socket)?).map(drop)
    }),
    ("connect to a socket by its path", Outside::All, "root", |place| {
        UnixStream::connect(&place.path_socket).map(drop)
    }),
    ("see the machine's network devices", Outside::Some, "network", see_devices),
    ("hear of devices that come", Outside::All, "seccomp", |_| socket(libc::AF_NETLINK, libc::SOCK_RAW, 15)),
    ("open a raw socket", Outside::Root, "seccomp, capabilities", |_| socket(libc::AF_PACKET, libc::SOCK_RAW, 0)),
    ("use the kernel's cryptography", Outside::Some, "seccomp", |_| socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0)),
    ("speak to the hypervisor", Outside::Some, "seccomp", |_| socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0)),
    ("open the machine's memory", Outside::Some, "root, capabilities", |_| read_open("/dev/mem")),
    ("open the kernel's log", Outside::Root, "root, capabilities", |_| read_open("/dev/kmsg")),
    ("open a screen's console", Outside::Some, "root", |_| read_open("/dev/tty0")),
    ("open an input device", Outside::Some, "root", |_| read_open("/dev/input/event0")),
    ("open an input device that it makes", Outside::Some, "root", |_| read_open("/dev/uinput")),
    ("open a virtual machine", Outside::Some, "root", |_| read_open("/dev/kvm")),
    ("mount", Outside::All, "seccomp, capabilities, Landlock", mount),
    ("mount by the new calls", Outside::All, "seccomp, capabilities", |_| {
        call(libc::SYS_unshare, &[(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) as usize]).ok();
        call(libc::SYS_fsopen, &[c"tmpfs".as_ptr() as usize, 0]).map(drop)
    }),
    ("unshare", Outside::All, "seccomp", |_| call(libc::SYS_unshare, &[libc::CLONE_NEWUSER as usize]).map(drop)),
    ("make a user namespace by clone", Outside::All, "seccomp", |_| clone(libc::CLONE_NEWUSER)),
    ("make a user namespace by clone3", Outside::All, "seccomp", clone3),
    ("go into a namespace", Outside::All, "seccomp", |_| {
        call(libc::SYS_unshare, &[(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) as usize]).ok();
        let namespace = File::open("/proc/self/ns/net")?;
        call(libc::SYS_setns, &[namespace.as_raw_fd() as usize, 0]).map(drop)
    }),
    ("change its root", Outside::Root, "seccomp, capabilities", |_| {
        call(libc::SYS_chroot, &[c"/".as_ptr() as usize]).map(drop)
    }),
    ("become root", Outside::Root, "capabilities, user", |_| call(libc::SYS_setuid, &[0]).map(drop)),
    ("change the host name", Outside::Root, "seccomp, host name", set_host_name),
    ("open a file by its number", Outside::Root, "seccomp, capabilities", open_by_handle),
    ("use io_uring", Outside::Some, "seccomp", |_| {
        let params = [0_u8; 120];
        call(libc::SYS_io_uring_setup, &[1, params.as_ptr() as usize]).map(drop)
    }),
    ("load a program into the kernel", Outside::Root, "seccomp, capabilities", |_| {
        let map = [2_u32, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        call(libc::SYS_bpf, &[0, map.as_ptr() as usize, size_of_val(&map)]).map(drop)
    }),
    ("count the machine's events", Outside::Root, "seccomp", perf),
    ("take page faults in its hands", Outside::Some, "seccomp", |_| call(libc::SYS_userfaultfd, &[1]).map(drop)),
    ("leave a key in the kernel", Outside::All, "seccomp", |_| {
        let (kind, name) = (c"user".as_ptr() as usize, c"playfield-test".as_ptr() as usize);
        call(libc::SYS_add_key, &[kind, name, name, 4, -2_isize as usize]).map(drop)
    }),
    ("read the kernel's messages", Outside::Root, "seccomp, capabilities", |_| {
        call(libc::SYS_syslog, &[10, 0, 0]).map(drop)
    }),
    ("change how addresses are laid out", Outside::All, "seccomp", |_| {
        call(libc::SYS_personality, &[0x020_0000]).map(drop)
    }),
    ("type into a terminal", Outside::Some, "seccomp", type_into_terminal),
    ("attach another session's shared memory", Outside::All, "IPC, seccomp", |place| {
        call(libc::SYS_shmget, &[place.shared_memory, 1, 0]).map(drop)
    }),
    ("open another session's message queue", Outside::All, "IPC", |place| {
        let name = std::ffi::CString::new(place.queue.as_str())?;
        call(libc::SYS_mq_open, &[name.as_ptr() as usize, 0, 0, 0]).map(drop)
    }),
    ("start processes without end", Outside::All, "limit of processes", fork_bomb),
    ("take memory without end", Outside::All, "limit of memory", |_| eat(512 << 20)),
    ("take memory that is not mapped", Outside::All, "seccomp, or the control group's limit", |_| {
        let file = call(libc::SYS_memfd_create, &[c"x".as_ptr() as usize, 0])?;
        call(libc::SYS_fallocate, &[file, 0, 0, 512 << 20]).map(drop)
    }),
    ("fill /tmp", Outside::All, "size of the scratch folders", |_| fill(Path::new("/tmp"))),
    ("fill /dev/shm", Outside::All, "size of the scratch folders", |_| fill(Path::new("/dev/shm"))),
    ("write one huge file", Outside::All, "limit of files", |place| {
        ignore(libc::SIGXFSZ);
        let home = Path::new("/home/player");
        let folder = if home.exists() { home } else { &place.own };
        let path = folder.join("huge");
        let done = File::create(&path).and_then(|mut file| (0..24).try_for_each(|_| file.write_all(&[7; 1 << 20])));
        fs::remove_file(path)?;
        done
    }),
    ("open files without end", Outside::All, "limit of descriptors", |_| {
        (0..200).map(|_| File::open("/dev/null")).collect::<io::Result<Vec<_>>>().map(drop)
    }),
];

fn proc(place: &Place, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{file}", place.sibling))
}

fn read(path: &Path) -> io::Result<()> {
    fs::read(path).map(drop)
}

fn read_open(path: &str) -> io::Result<()> {
    File::open(path).map(drop)
}

fn write(path: &Path) -> io::Result<()> {
    fs::write(path, b"x")?;
    fs::remove_file(path)
}

/// There is a user besides the guest's own.
fn read_users(_: &Place) -> io::Result<()> {
    let users = fs::read_to_string("/etc/passwd")?;
    users.lines().any(|line| !line.starts_with("player:")).then_some(()).ok_or(io::ErrorKind::NotFound.into())
}

/// The same value, so that nothing changes outside.
fn change_setting(_: &Place) -> io::Result<()> {
    let path = "/proc/sys/vm/swappiness";
    fs::read(path).and_then(|value| fs::write(path, value))
}

fn trace_child(_: &Place) -> io::Result<()> {
    let child = fork()?;
    if child == 0 {
        pause();
    }
    let done = call(libc::SYS_ptrace, &[0x4206, child as usize, 0, 0]).map(drop);
    call(libc::SYS_kill, &[child as usize, libc::SIGKILL as usize])?;
    done
}

/// Some address of it: the kernel checks whether it may before it looks. `EFAULT` means that it might.
fn read_memory(place: &Place) -> io::Result<()> {
    let mut byte = 0_u8;
    let (local, remote) = ([&raw mut byte as usize, 1], [0x1000_usize, 1]);
    let read = call(
        libc::SYS_process_vm_readv,
        &[place.sibling as usize, local.as_ptr() as usize, 1, remote.as_ptr() as usize, 1, 0],
    );
    read.map(drop).or_else(|error| if error.raw_os_error() == Some(libc::EFAULT) { Ok(()) } else { Err(error) })
}

/// Some device besides the loopback.
fn see_devices(_: &Place) -> io::Result<()> {
    let devices = fs::read_to_string("/proc/self/net/dev")?;
    devices
        .lines()
        .skip(2)
        .any(|line| !line.trim().starts_with("lo:"))
        .then_some(())
        .ok_or(io::ErrorKind::NotFound.into())
}

fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<()> {
    call(libc::SYS_socket, &[family as usize, kind as usize, protocol as usize]).map(drop)
}

fn mount(_: &Place) -> io::Result<()> {
    // Refused or not: a guest with capabilities could go on.
    call(libc::SYS_unshare, &[(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) as usize]).ok();
    let (kind, target) = (c"tmpfs".as_ptr() as usize, c"/tmp".as_ptr() as usize);
    call(libc::SYS_mount, &[kind, target, kind, 0, 0]).map(drop)
}

fn clone(flags: i32) -> io::Result<()> {
    match call(libc::SYS_clone, &[(flags | libc::SIGCHLD) as usize, 0, 0, 0, 0])? {
        0 => exit(0),
        _ => Ok(()),
    }
}

fn clone3(_: &Place) -> io::Result<()> {
    let mut args = [0_u64; 8];
    args[0] = libc::CLONE_NEWUSER as u64;
    args[4] = libc::SIGCHLD as u64;
    match call(libc::SYS_clone3, &[args.as_ptr() as usize, size_of_val(&args)])? {
        0 => exit(0),
        _ => Ok(()),
    }
}

/// The same name, so that nothing changes outside.
fn set_host_name(_: &Place) -> io::Result<()> {
    let name = fs::read("/proc/sys/kernel/hostname")?;
    let name = name.trim_ascii_end();
    call(libc::SYS_sethostname, &[name.as_ptr() as usize, name.len()]).map(drop)
}

fn open_by_handle(_: &Place) -> io::Result<()> {
    let mut handle = [0_u32; 34];
    handle[0] = 128;
    let mut mount = 0_i32;
    let here = libc::AT_FDCWD as isize as usize;
    let (path, out) = (c"/usr".as_ptr() as usize, handle.as_mut_ptr() as usize);
    call(libc::SYS_name_to_handle_at, &[here, path, out, &raw mut mount as usize, 0])?;
    let folder = File::open("/usr")?;
    call(libc::SYS_open_by_handle_at, &[folder.as_raw_fd() as usize, out, libc::O_RDONLY as usize]).map(drop)
}

fn perf(_: &Place) -> io::Result<()> {
    // PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, of all processes on the first core.
    let mut attr = [0_u32; 32];
    (attr[0], attr[1], attr[2]) = (1, 128, 3);
    call(libc::SYS_perf_event_open, &[attr.as_ptr() as usize, -1_isize as usize, 0, -1_isize as usize, 0]).map(drop)
}

/// Into one of its own, as its controlling terminal.
fn type_into_terminal(_: &Place) -> io::Result<()> {
    // The terminal goes when this returns, and tells its processes.
    ignore(libc::SIGHUP);
    call(libc::SYS_setsid, &[]).ok();
    let master = OpenOptions::new().read(true).write(true).open("/dev/ptmx")?;
    let (mut number, unlocked) = (0_u32, 0_u32);
    let master = master.as_raw_fd() as usize;
    call(libc::SYS_ioctl, &[master, libc::TIOCSPTLCK as usize, &raw const unlocked as usize])?;
    call(libc::SYS_ioctl, &[master, libc::TIOCGPTN as usize, &raw mut number as usize])?;
    let terminal = OpenOptions::new().read(true).write(true).open(format!("/dev/pts/{number}"))?;
    let letter = b'x';
    call(libc::SYS_ioctl, &[terminal.as_raw_fd() as usize, libc::TIOCSTI as usize, &raw const letter as usize])
        .map(drop)
}

/// A few dozen: more than are allowed.
fn fork_bomb(_: &Place) -> io::Result<()> {
    let mut children = Vec::new();
    let done = (0..40).try_for_each(|_| {
        let child = fork()?;
        if child == 0 {
            pause();
        }
        children.push(child);
        Ok(())
    });
    for child in children {
        call(libc::SYS_kill, &[child as usize, libc::SIGKILL as usize])?;
    }
    done
}

/// Takes memory and writes to each page of it.
pub fn eat(bytes: usize) -> io::Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    memory.resize(bytes, 1);
    std::hint::black_box(&memory);
    Ok(())
}

/// Many files, each small enough.
fn fill(folder: &Path) -> io::Result<()> {
    let path = |number: i32| folder.join(format!("playfield-test-{}-{number}", std::process::id()));
    let done = (0..16).try_for_each(|number| fs::write(path(number), vec![7; 1 << 20]));
    (0..16).for_each(|number| drop(fs::remove_file(path(number))));
    done
}
