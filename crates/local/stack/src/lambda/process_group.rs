//! Ends the functions' processes with this program, however it ends.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// A process group whose leader kills it, itself included, once its standard input is closed: by dropping this, or by
/// the kernel when this program is killed.
///
/// `PR_SET_PDEATHSIG` needs no leader, but depends on the thread that started a process rather than on the program, and
/// needs `unsafe` between fork and exec.
pub struct ProcessGroup {
    leader: Child,
}

impl ProcessGroup {
    /// Starts the leader.
    ///
    /// # Errors
    /// There is no shell.
    pub fn new() -> io::Result<Self> {
        let leader = Command::new("/bin/sh")
            .args(["-c", "read -r _; kill -KILL 0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { leader })
    }

    /// The id of the group, for starting a process in it.
    pub fn id(&self) -> i32 {
        i32::try_from(self.leader.id()).unwrap_or_default()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        drop(self.leader.stdin.take());
        let _ = self.leader.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_process_ends_with_its_group() {
        let group = ProcessGroup::new().unwrap();
        let mut process = Command::new("/bin/sh")
            .args(["-c", "echo started; sleep 600 & wait"])
            .stdout(Stdio::piped())
            .process_group(group.id())
            .spawn()
            .unwrap();
        let mut stdout = process.stdout.take().unwrap();
        let mut started = [0; 8];
        stdout.read_exact(&mut started).unwrap();
        assert_eq!(&started, b"started\n");
        assert!(process.try_wait().unwrap().is_none());
        drop(group);
        assert!(!process.wait().unwrap().success());
        // Its own child held the pipe, and is gone too.
        assert_eq!(stdout.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
}
