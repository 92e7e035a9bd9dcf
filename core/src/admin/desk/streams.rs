//! What streams, and the last lines of the log.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::Desk;
use crate::admin::batches::{self, Batches};
use crate::admin::protocol::{Exchange, LogLine};
use crate::app::project::STATE;
use crate::error::{Code, Error, Result};
use crate::telemetry::{logs, traffic};

/// Lines that are kept for a look back.
const LINES: usize = 500;
/// The end of Postgres's own log that is read.
const TAIL: u64 = 256 * 1024;
/// For journalctl.
const JOURNAL: Duration = Duration::from_secs(3);

impl Desk {
    /// Requests as they are answered.
    ///
    /// # Errors
    /// [`Code::ServiceDown`] without a service; a filter that cannot be read.
    pub fn traffic(&self, filter: &str) -> Result<Batches<Exchange>> {
        let filter = traffic::filter::Filter::parse(filter)?;
        let live = self.live.as_ref().ok_or_else(|| {
            Error::new(
                Code::ServiceDown,
                "the service is not running, so there are no requests to see",
            )
            .with_hint("Start it with `windlass serve`.")
        })?;
        let source = live.context.telemetry.listen();
        Ok(batches::gather(source, move |exchange| filter.matches(exchange)))
    }

    /// Lines of the log as they come.
    ///
    /// # Errors
    /// As [`Desk::traffic`].
    pub fn logs(&self, filter: &str) -> Result<Batches<LogLine>> {
        let filter = logs::filter::Filter::parse(filter)?;
        if self.live.is_none() {
            return Err(Error::new(
                Code::ServiceDown,
                "the service is not running, so its log does not grow",
            )
            .with_hint("`windlass logs` without --follow shows what it said last; start it with `windlass serve`."));
        }
        Ok(batches::gather(logs::subscribe(), move |line| filter.matches(line)))
    }

    /// The last lines of the log: the service's own, else the journal's, else Postgres's.
    pub(super) async fn last_lines(&self) -> Result<Vec<LogLine>> {
        if self.live.is_some() {
            return Ok(logs::recent());
        }
        if Path::new("/run/systemd/system").is_dir()
            && let Some(lines) = journal().await
            && !lines.is_empty()
        {
            return Ok(lines);
        }
        let file = self.project.directory.join(STATE).join("postgres.log");
        match tail(&file) {
            Ok(text) => Ok(postgres(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::new(
                Code::ServiceDown,
                format!(
                    "the service is not running, and {} cannot be read: {error}",
                    file.display()
                ),
            )
            .with_hint("Try again as the user who runs the service.")),
        }
    }
}

/// What systemd kept of the service; nothing if it cannot be asked.
async fn journal() -> Option<Vec<LogLine>> {
    let mut command = tokio::process::Command::new("journalctl");
    command
        .args(["-u", "windlass", "-o", "json", "--no-pager", "-n"])
        .arg(LINES.to_string())
        .kill_on_drop(true);
    let output = timeout(JOURNAL, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| {
        let text = String::from_utf8_lossy(&output.stdout);
        (1..)
            .zip(text.lines())
            .filter_map(|(number, line)| entry(number, line))
            .collect()
    })
}

/// One line of `journalctl -o json`.
fn entry(number: u64, line: &str) -> Option<LogLine> {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    let text = |name: &str| fields.get(name).and_then(serde_json::Value::as_str);
    let at = text("__REALTIME_TIMESTAMP")?.parse::<i64>().ok()? / 1000;
    let level = match text("PRIORITY") {
        Some("0" | "1" | "2" | "3") => "ERROR",
        Some("4") => "WARN",
        Some("7") => "DEBUG",
        _ => "INFO",
    };
    Some(LogLine {
        number,
        at,
        level: level.to_owned(),
        target: text("SYSLOG_IDENTIFIER").unwrap_or("windlass").to_owned(),
        // systemd gives bytes that are no text as an array.
        message: text("MESSAGE").unwrap_or("(not text)").to_owned(),
        fields: Vec::new(),
    })
}

/// The end of a file, from the first whole line on.
fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, rest)) if start > 0 => rest.to_owned(),
        _ => text,
    })
}

/// The last lines of Postgres's log, which begin with `2026-11-24 10:00:00.123 UTC [42] 00000 LOG:  `.
fn postgres(text: &str) -> Vec<LogLine> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let mut at = 0;
    let from = lines.len().saturating_sub(LINES);
    (1..)
        .zip(lines.get(from..).unwrap_or_default())
        .map(|(number, line)| {
            if let Some(time) = time(line) {
                at = time;
            }
            let (level, message) = severity(line);
            LogLine {
                number,
                at,
                level: level.to_owned(),
                target: "postgres".to_owned(),
                message: message.to_owned(),
                fields: Vec::new(),
            }
        })
        .collect()
}

fn time(line: &str) -> Option<i64> {
    let stamp = line.get(..23)?;
    let stamp: jiff::civil::DateTime = stamp.parse().ok()?;
    let stamp = stamp.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(stamp.timestamp().as_millisecond())
}

/// The level of a line and what it says; a line that continues another has none of its own.
fn severity(line: &str) -> (&'static str, &str) {
    let told = || {
        // After time and process, the SQLSTATE.
        let (_, rest) = line.split_once("] ")?;
        let (_, rest) = rest.split_once(' ')?;
        let (word, said) = rest.split_once(':')?;
        let level = match word {
            "PANIC" | "FATAL" | "ERROR" => "ERROR",
            "WARNING" => "WARN",
            "LOG" | "INFO" | "NOTICE" | "DETAIL" | "HINT" | "CONTEXT" | "STATEMENT" => "INFO",
            _ => return None,
        };
        Some((level, said.trim_start()))
    };
    told().unwrap_or(("INFO", line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_journal_and_of_postgres_are_read() {
        let line = r#"{"__REALTIME_TIMESTAMP":"1764000000123456","PRIORITY":"4","MESSAGE":"slow","SYSLOG_IDENTIFIER":"windlass"}"#;
        let read = entry(1, line).unwrap();
        assert_eq!(
            (read.at, read.level.as_str(), read.message.as_str()),
            (1_764_000_000_123, "WARN", "slow")
        );
        assert!(entry(1, "nonsense").is_none());
        let read = postgres(
            "2026-11-24 10:00:00.250 UTC [42] 22012 ERROR:  division by zero\n\tcontinued\n2026-11-24 10:00:01.000 UTC [42] 00000 LOG:  done: ERROR: no\n",
        );
        let told: Vec<(&str, &str)> = read.iter().map(|l| (l.level.as_str(), l.message.as_str())).collect();
        assert_eq!(
            told,
            [
                ("ERROR", "division by zero"),
                ("INFO", "\tcontinued"),
                ("INFO", "done: ERROR: no")
            ]
        );
        assert_eq!(read[1].at, read[0].at);
        assert_eq!(read[2].at - read[0].at, 750);
    }
}
