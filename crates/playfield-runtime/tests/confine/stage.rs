//! A machine with things to get at, and guests that are let loose on it.

use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use playfield_runtime::confine::Rules;

use super::attempts::Place;
use super::ffi::call;
use super::guest::{Act, Part};

pub struct Stage {
    user: Option<u32>,
    /// System calls that the kernel is to lack.
    pub lacks: Vec<i64>,
    folder: PathBuf,
    program: PathBuf,
    pub place: Place,
    sibling: Child,
    segment: usize,
    _sockets: (TcpListener, UnixListener, UnixListener),
    _descriptor: File,
}

impl Stage {
    /// Everything belongs to `user`; none: to whoever runs this.
    pub fn new(user: Option<u32>) -> Stage {
        let name = format!("playfield-confine-{}-{}", std::process::id(), user.unwrap_or(0));
        let folder = std::env::temp_dir().join(&name);
        for inner in ["", "other", "data", "own", "home"] {
            fs::create_dir(folder.join(inner)).unwrap();
            fs::set_permissions(folder.join(inner), fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(folder.join("other/save"), "theirs").unwrap();
        fs::write(folder.join("data/playfield.db"), "all").unwrap();
        // Elsewhere: the folders above what is shown are there inside, in the guest's own /tmp.
        let cores = folder.with_extension("cores");
        fs::create_dir(&cores).unwrap();
        fs::write(cores.join("core.so"), "a core").unwrap();
        // A copy: the one that was built may lie where the other user cannot go.
        let program = folder.join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let sockets = (
            TcpListener::bind("127.0.0.1:0").unwrap(),
            UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap(),
            UnixListener::bind(folder.join("socket")).unwrap(),
        );
        fs::set_permissions(folder.join("socket"), fs::Permissions::from_mode(0o777)).unwrap();
        if let Some(user) = user {
            for inner in ["", "other", "other/save", "data", "data/playfield.db", "own", "home"] {
                chown(folder.join(inner), Some(user), Some(user)).unwrap();
            }
        }
        let sibling = as_user(Command::new("/bin/sleep").arg("1000"), user).stdin(Stdio::null()).spawn().unwrap();
        let key = 0x5046_0000 | (std::process::id() as usize & 0x7fff) << 1 | usize::from(user.is_some());
        let segment = call(libc::SYS_shmget, &[key, 4096, libc::IPC_CREAT as usize | 0o666]).unwrap();
        let queue = std::ffi::CString::new(name.as_str()).unwrap();
        let wanted = (libc::O_CREAT | libc::O_RDWR) as usize;
        call(libc::SYS_mq_open, &[queue.as_ptr() as usize, wanted, 0o666, 0]).unwrap();
        // umask took what others may.
        let descriptor = File::open(folder.join("data/playfield.db")).unwrap();
        let inherited = call(libc::SYS_dup, &[std::os::fd::AsRawFd::as_raw_fd(&descriptor) as usize]).unwrap();
        let place = Place {
            other_home: folder.join("other"),
            data: folder.join("data"),
            sibling: sibling.id(),
            port: sockets.0.local_addr().unwrap().port(),
            abstract_socket: name.clone(),
            path_socket: folder.join("socket"),
            descriptor: i32::try_from(inherited).unwrap(),
            shared_memory: key,
            queue: name,
            own: folder.join("own"),
        };
        Stage {
            user,
            lacks: Vec::new(),
            folder,
            program,
            place,
            sibling,
            segment,
            _sockets: sockets,
            _descriptor: descriptor,
        }
    }

    pub fn rules(&self) -> Rules {
        Rules {
            read: vec![self.core()],
            home: Some(self.folder.join("home")),
            memory_limit: 256 << 20,
            scratch: 8 << 20,
            processes: 16,
            open_files: 64,
            file_size: 16 << 20,
            ..Rules::default()
        }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    pub fn core(&self) -> PathBuf {
        self.folder.with_extension("cores").join("core.so")
    }

    /// Starts a guest whose output can be read until the last of its processes is gone.
    pub fn start(&self, rules: Option<Rules>, act: Act) -> Child {
        self.spawn(&Part { lacks: self.lacks.clone(), rules, place: self.place.clone(), act })
    }

    fn spawn(&self, part: &Part) -> Child {
        let mut command = Command::new(&self.program);
        command.arg("--guest").arg(serde_json::to_string(part).unwrap());
        as_user(&mut command, self.user).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// What a guest says in all, by its part.
    pub fn run(&self, part: &Part) -> String {
        let mut child = self.spawn(part);
        let said = rest(&mut child);
        child.wait().unwrap();
        said
    }

    /// What a guest says in all.
    pub fn ask(&self, rules: Option<Rules>, act: Act) -> String {
        self.run(&Part { lacks: self.lacks.clone(), rules, place: self.place.clone(), act })
    }

    /// What comes of one attempt.
    pub fn attempt(&self, name: &str, inside: bool) -> String {
        let rules = inside.then(|| self.rules());
        self.ask(rules, Act::Try(name.to_owned())).trim().to_owned()
    }
}

/// Reads to the end: all who could write are gone.
pub fn rest(child: &mut Child) -> String {
    let mut said = String::new();
    child.stdout.as_mut().unwrap().read_to_string(&mut said).unwrap();
    said
}

fn as_user(command: &mut Command, user: Option<u32>) -> &mut Command {
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command.current_dir(Path::new("/"))
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.sibling.kill();
        let _ = self.sibling.wait();
        let _ = call(libc::SYS_shmctl, &[self.segment, libc::IPC_RMID as usize, 0]);
        let queue = std::ffi::CString::new(self.place.queue.as_str()).unwrap();
        let _ = call(libc::SYS_mq_unlink, &[queue.as_ptr() as usize]);
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_dir_all(self.folder.with_extension("cores"));
    }
}
