//! Why the server or `initdb` failed, in its own words, and what to do about it.

use std::path::Path;

use super::failed;
use super::log::parse;
use crate::error::Error;

/// The reason that the server (or `initdb`) gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) reason: String,
    hint: Option<String>,
}

impl Complaint {
    /// Finds the last severe message in `text`; without any, the last line speaks.
    pub(super) fn read(text: &str) -> Self {
        let mut severe: Option<(&str, Vec<&str>)> = None;
        let mut hint = None;
        let mut cause = None;
        for line in text.lines() {
            match parse(line) {
                Some(("PANIC" | "FATAL" | "ERROR", _, _, message)) => {
                    severe = Some((message, Vec::new()));
                    hint = None;
                }
                Some(("HINT", _, _, message)) => hint = Some(message.to_owned()),
                Some(("DETAIL", _, _, message)) => {
                    if let Some((_, details)) = &mut severe {
                        details.push(message);
                    }
                }
                // A wrong setting is named before the message that nothing can start with it.
                Some(("LOG", _, _, message)) if message.contains("parameter") || message.contains("could not") => {
                    cause = Some(message);
                }
                _ => {}
            }
        }
        let reason = match severe {
            Some((message, details)) => {
                let cause =
                    cause.filter(|_| message.contains("contains errors") || message.contains("could not create any"));
                let details = cause.into_iter().chain(details);
                details.fold(message.to_owned(), |text, detail| format!("{text} ({detail})"))
            }
            None => {
                let lines = || text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
                let line = lines().find(|line| line.contains("error:")).or_else(|| lines().next());
                let line = line.unwrap_or("it said nothing");
                // The programs say what they are before what they have to say.
                let line = line.split_once("error: ").map_or(line, |(_, message)| message);
                // The second half of a sentence, from a server that ends before it has a log.
                line.strip_prefix("but ").unwrap_or(line).to_owned()
            }
        };
        Self { reason, hint }
    }

    /// The error that tells it, with the next step.
    pub(super) fn into_error(self, what: &str, data: &Path) -> Error {
        let hint = self.next_step(data);
        let error = failed(format!("{what}: {}", self.reason));
        match hint.or(self.hint) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    fn next_step(&self, data: &Path) -> Option<String> {
        let says = |words: &str| self.reason.contains(words);
        let data = data.display();
        let step = if says("No space left") {
            format!("Free some space on the disk that holds {data}, then start again; nothing acknowledged is lost.")
        } else if says("Read-only file system") {
            format!("{data} is on a read-only file system: look at `dmesg` for disk errors, then mount it writable.")
        } else if says("wrong ownership") || says("Permission denied") || says("invalid permissions") {
            format!("Everything in {data} must belong to one unprivileged user, with mode 0700: `ls -ln {data}`.")
        } else if says("configuration file") || says("invalid value for parameter") {
            format!("Correct the setting in {data}/postgresql.auto.conf, where ALTER SYSTEM stored it.")
        } else if says("is too long") {
            "Set XDG_RUNTIME_DIR to a folder with a shorter path: a socket's path may have 107 bytes.".to_owned()
        } else if says("Cannot allocate memory") || says("shared memory segment") {
            "PostgreSQL gets less memory than it asks for: lower shared_buffers, or give the machine more.".to_owned()
        } else if says("checkpoint record") || says("invalid primary checkpoint") || says("invalid page") {
            format!("The files in {data} are damaged: keep a copy of them, then restore the last backup.")
        } else if says("could not look up effective user") {
            "The user who runs Windlass has no name: add it to /etc/passwd.".to_owned()
        } else {
            return None;
        };
        Some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_start_tells_its_cause_and_the_next_step() {
        let cases = [
            (
                "x LOG:  starting PostgreSQL\nx [1] 53100 FATAL:  could not write lock file \"postmaster.pid\": No space left on device\n",
                "could not write lock file \"postmaster.pid\": No space left on device",
                "Free some space",
            ),
            (
                "x LOG:  invalid value for parameter \"work_mem\": \"much\"\nx FATAL:  configuration file \"/a\" contains errors\n",
                "configuration file \"/a\" contains errors (invalid value for parameter \"work_mem\": \"much\")",
                "postgresql.auto.conf",
            ),
            (
                "initdb: error: could not look up effective user ID 7: no\n",
                "could not look up effective user ID 7: no",
                "passwd",
            ),
            ("x FATAL:  odd\nx HINT:  Do this.\n", "odd", "Do this."),
        ];
        for (text, reason, hint) in cases {
            let error = Complaint::read(text).into_error("it failed", Path::new("/d"));
            assert_eq!(error.message(), format!("it failed: {reason}"));
            assert!(error.hint().is_some_and(|found| found.contains(hint)), "{error:?}");
        }
    }
}
