//! One Windlass per cluster: a locked file that says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::at;
use crate::error::{Code, Error, Result};

/// Held as long as the cluster is ours. The kernel gives it back when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    // Closed on exec as all files of the standard library are, so that PostgreSQL does not inherit the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock of `folder`, or says which process holds it.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("windlass.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(folder, &mut file)),
            Err(TryLockError::Error(error)) => return Err(at("lock", &path)(error)),
        }
        let now = jiff::Timestamp::now().as_second();
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| write!(file, "{}\n{now}\n", std::process::id()))
            .map_err(at("write", &path))?;
        Ok(Self { _file: file })
    }
}

fn in_use(folder: &Path, file: &mut File) -> Error {
    let mut text = String::new();
    // The holder may be about to write its number: then the message simply does without.
    let _unreadable = file.read_to_string(&mut text);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse::<u32>().ok());
    let since = lines
        .next()
        .and_then(|line| line.parse().ok())
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map(|since| format!(", running since {since}"))
        .unwrap_or_default();
    let (who, stop) = match pid {
        Some(pid) => (
            format!("Another Windlass (process {pid}{since})"),
            format!("`kill {pid}`"),
        ),
        None => ("Another Windlass".to_owned(), "`systemctl stop windlass`".to_owned()),
    };
    Error::new(Code::ClusterInUse, format!("{who} uses {}", folder.display())).with_hint(format!(
        "Stop it first ({stop}), or choose another --dir. For a SQL prompt beside it: `windlass db psql`."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let refused = Lock::take(folder.path()).unwrap_err();
        assert_eq!(refused.code(), Code::ClusterInUse);
        assert!(
            refused.message().contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        drop(first);
        Lock::take(folder.path()).unwrap();
    }
}
