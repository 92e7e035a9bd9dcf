//! Loads rows through the API itself, as any client would, and reports the rows it refuses.
//!
//! How far it came is noted around each request, so that an interrupted load goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use windlass_core::config::Listen;
use windlass_core::error::{Code, Error, Result};

use super::write_whole;
use crate::report;

/// Resources in order, each with its rows as NDJSON.
pub type Data = Vec<(String, Vec<u8>)>;

/// Rows of one request, and their bytes: well under the body limit, which is 1 MiB unless set.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 256 * 1024;

/// How far each resource is, below the project.
const RECORD: &str = ".windlass/demo-loaded.json";

/// How far one resource is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Progress {
    /// Lines that are done, refused ones included.
    lines: usize,
    /// Rows that the table had then.
    rows: usize,
    /// Lines of the request under way, and the rows it adds.
    pending_lines: usize,
    pending_rows: usize,
}

struct Record {
    path: PathBuf,
    resources: BTreeMap<String, Progress>,
}

impl Record {
    fn open(project: &Path) -> Self {
        let path = project.join(RECORD);
        let resources = std::fs::read(&path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self { path, resources }
    }

    fn set(&mut self, resource: &str, progress: Progress) -> Result<()> {
        self.resources.insert(resource.to_owned(), progress);
        let text = serde_json::to_vec_pretty(&self.resources).map_err(Error::internal)?;
        write_whole(&self.path, &text).map_err(|error| {
            Error::new(
                Code::ProjectInvalid,
                format!("cannot write {}: {error}", self.path.display()),
            )
        })
    }

    /// Where to go on in a table with `count` rows; `None` if its rows are somebody else's.
    fn resume(&self, resource: &str, count: usize) -> Option<Progress> {
        if count == 0 {
            return Some(Progress::default());
        }
        let before = self.resources.get(resource)?;
        // Stopped between the database's commit and our note: that request is not sent again.
        let stored = before.pending_rows > 0 && count >= before.rows + before.pending_rows;
        Some(Progress {
            lines: before.lines + if stored { before.pending_lines } else { 0 },
            rows: count,
            ..Progress::default()
        })
    }
}

/// Loads what is not there yet, into tables that are empty or were begun by an earlier start.
pub async fn run(addresses: &[Listen], data: &Data, project: &Path) -> Result<()> {
    let (client, base) = client(addresses)?;
    let mut record = Record::open(project);
    for (resource, text) in data {
        let url = format!("{base}/api/{resource}");
        let count = count(&client, &url, resource).await?;
        let Some(progress) = record.resume(resource, count) else {
            report::note(format_args!(
                "left {resource} alone: it has rows that the demo did not load"
            ));
            continue;
        };
        let Some((loaded, bad)) = load(&client, &url, resource, text, &mut record, progress).await? else {
            continue;
        };
        report::note(match bad {
            0 => format!("loaded {loaded} {resource}"),
            _ => format!("loaded {loaded} {resource}; {bad} malformed rows were refused"),
        });
    }
    Ok(())
}

async fn count(client: &reqwest::Client, url: &str, resource: &str) -> Result<usize> {
    let request = client.get(format!("{url}?limit=1")).header("prefer", "count=exact");
    let reply = request.send().await.map_err(unreachable)?;
    if !reply.status().is_success() {
        return Err(refused(resource, &reply.json().await.map_err(unreachable)?));
    }
    let range = reply
        .headers()
        .get("content-range")
        .and_then(|range| range.to_str().ok());
    range
        .and_then(|range| range.rsplit('/').next()?.parse().ok())
        .ok_or_else(|| Error::internal("a list was answered without a count"))
}

/// Rows loaded and refused; `None` if nothing was left to do.
async fn load(
    client: &reqwest::Client,
    url: &str,
    resource: &str,
    text: &[u8],
    record: &mut Record,
    mut progress: Progress,
) -> Result<Option<(usize, usize)>> {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<(usize, &RawValue)> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| Ok((index + 1, serde_json::from_str(line).map_err(Error::internal)?)))
        .collect::<Result<_>>()?;
    let rest = lines.get(progress.lines..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(None);
    }
    let (mut loaded, mut bad) = (0, 0);
    for chunk in batches(rest) {
        let mut batch = chunk.to_vec();
        while !batch.is_empty() {
            progress.pending_lines = chunk.len();
            progress.pending_rows = batch.len();
            record.set(resource, progress)?;
            let rows: Vec<&RawValue> = batch.iter().map(|(_, row)| *row).collect();
            let request = client.post(url).header("prefer", "return=minimal").json(&rows);
            let reply = request.send().await.map_err(unreachable)?;
            if reply.status().is_success() {
                loaded += batch.len();
                progress.rows += batch.len();
                break;
            }
            let invalid = reply.status().as_u16() == 422;
            let conflict = reply.status().as_u16() == 409;
            let problem: Value = reply.json().await.map_err(unreachable)?;
            if conflict {
                let line = |row: Option<&(usize, &RawValue)>| row.map_or(0, |(line, _)| *line);
                let why = refused(resource, &problem);
                report::note(format_args!(
                    "{resource}.ndjson:{} to line {}: skipped: {}",
                    line(chunk.first()),
                    line(chunk.last()),
                    why.details().unwrap_or_else(|| why.message())
                ));
                break;
            }
            let wrong = if invalid {
                wrong_rows(&problem, batch.len())
            } else {
                BTreeMap::new()
            };
            if wrong.is_empty() {
                return Err(refused(resource, &problem));
            }
            for (index, reasons) in &wrong {
                let line = batch.get(*index).map_or(0, |(line, _)| *line);
                for reason in reasons {
                    report::note(format_args!("{resource}.ndjson:{line} {reason}"));
                }
            }
            bad += wrong.len();
            let mut index = 0;
            batch.retain(|_| {
                index += 1;
                !wrong.contains_key(&(index - 1))
            });
        }
        progress.lines += chunk.len();
        (progress.pending_lines, progress.pending_rows) = (0, 0);
        record.set(resource, progress)?;
    }
    Ok(Some((loaded, bad)))
}

/// The rows in portions that fit into one request each; a row that is larger than a portion goes alone.
fn batches<'a, 'b>(mut rows: &'b [(usize, &'a RawValue)]) -> impl Iterator<Item = &'b [(usize, &'a RawValue)]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rows.iter().take(BATCH).take_while(|(_, row)| {
            bytes += row.get().len() + 1;
            bytes <= BATCH_BYTES
        });
        let count = fitting.count().max(1);
        let (batch, rest) = rows.split_at_checked(count)?;
        rows = rest;
        Some(batch)
    })
}

/// Reasons by row: `loc` is body, row, field.
fn wrong_rows(problem: &Value, rows: usize) -> BTreeMap<usize, BTreeSet<String>> {
    let mut wrong: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let errors = problem
        .get("errors")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for error in errors {
        let steps = error
            .get("loc")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let row = steps
            .get(1)
            .and_then(Value::as_u64)
            .and_then(|row| usize::try_from(row).ok());
        let Some(row) = row.filter(|row| *row < rows) else {
            continue;
        };
        let field: Vec<String> = steps
            .iter()
            .skip(2)
            .map(|step| step.as_str().map_or_else(|| step.to_string(), ToOwned::to_owned))
            .collect();
        let message = error.get("msg").and_then(Value::as_str).unwrap_or("is wrong");
        let input = error
            .get("input")
            .map(|input| format!(" (input {input})"))
            .unwrap_or_default();
        wrong
            .entry(row)
            .or_default()
            .insert(format!("{}: {message}{input}", field.join(".")));
    }
    wrong
}

fn client(addresses: &[Listen]) -> Result<(reqwest::Client, String)> {
    let builder = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy();
    let tcp = addresses.iter().find_map(|address| match address {
        Listen::Tcp(address) => Some(*address),
        Listen::Unix(_) => None,
    });
    let (builder, base) = match (tcp, addresses.first()) {
        (Some(mut address), _) => {
            if address.ip().is_unspecified() {
                address.set_ip(if address.is_ipv4() {
                    std::net::Ipv4Addr::LOCALHOST.into()
                } else {
                    std::net::Ipv6Addr::LOCALHOST.into()
                });
            }
            (builder, format!("http://{address}"))
        }
        (None, Some(Listen::Unix(path))) => (builder.unix_socket(path.clone()), "http://localhost".to_owned()),
        _ => return Err(Error::new(Code::ListenFailed, "nothing is listened on")),
    };
    Ok((builder.build().map_err(Error::internal)?, base))
}

fn unreachable(error: reqwest::Error) -> Error {
    Error::new(Code::ListenFailed, format!("the API did not answer: {error}")).with_source(error)
}

fn refused(resource: &str, problem: &Value) -> Error {
    let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default();
    let message = format!("{resource} could not be loaded: {} ({})", text("title"), text("code"));
    Error::new(Code::ProjectInvalid, message).with_details(text("detail"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_load_goes_on_where_it_stopped() -> Result<()> {
        let project = std::env::temp_dir().join(format!("windlass-load-{}", std::process::id()));
        let mut record = Record::open(&project);
        let at = |record: &Record, count| record.resume("movies", count).map(|at| (at.lines, at.rows));
        assert_eq!(at(&record, 0), Some((0, 0)));
        assert_eq!(at(&record, 7), None, "rows without a record are somebody else's");
        let progress = Progress {
            lines: 500,
            rows: 499,
            pending_lines: 500,
            pending_rows: 498,
        };
        record.set("movies", progress)?;
        let record = Record::open(&project);
        assert_eq!(at(&record, 499), Some((500, 499)), "the request was lost");
        assert_eq!(at(&record, 500), Some((500, 500)), "a row of another client");
        assert_eq!(at(&record, 997), Some((1000, 997)), "the request was stored");
        assert_eq!(at(&record, 0), Some((0, 0)), "the table was emptied");
        std::fs::remove_dir_all(&project).map_err(Error::internal)
    }

    #[test]
    fn a_request_stays_below_the_body_limit() -> Result<()> {
        let row = |bytes: usize| RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2)));
        let sizes = |rows: &[Box<RawValue>]| {
            let lines: Vec<(usize, &RawValue)> = rows.iter().map(|row| (1, &**row)).collect();
            batches(&lines).map(<[_]>::len).collect::<Vec<_>>()
        };
        let rows = |count: usize, bytes: usize| (0..count).map(|_| row(bytes)).collect::<serde_json::Result<Vec<_>>>();
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&rows(1001, 10).map_err(Error::internal)?), [500, 500, 1]);
        assert_eq!(sizes(&rows(200, 2047).map_err(Error::internal)?), [128, 72]);
        assert_eq!(sizes(&rows(2, BATCH_BYTES + 1).map_err(Error::internal)?), [1, 1]);
        Ok(())
    }
}
