//! System calls by number: what a hostile guest would do, no library in between.

use std::io;

use libc::c_long;

/// Makes a system call. Arguments that are pointers lead to memory that lives until it returns.
pub fn call(number: c_long, args: &[usize]) -> io::Result<usize> {
    let arg = |at: usize| args.get(at).copied().unwrap_or(0);
    // SAFETY: the callers below pass pointers to values that are on their own stack, of the sizes the kernel expects.
    let result = unsafe { libc::syscall(number, arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Forks. The test program has one thread.
pub fn fork() -> io::Result<i32> {
    // SAFETY: one thread, so the child lacks none.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(pid),
    }
}

/// Waits for a signal that does not come.
pub fn pause() -> ! {
    loop {
        // SAFETY: touches no memory.
        unsafe { libc::pause() };
    }
}

/// Ends without a word.
pub fn exit(code: i32) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

/// Ends by a signal, with its default action.
pub fn die(signal: i32) -> ! {
    // SAFETY: default actions, and a signal to this process.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
    exit(99)
}

/// A signal that would end the process is an error of the call instead.
pub fn ignore(signal: i32) {
    // SAFETY: no handler runs.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}
