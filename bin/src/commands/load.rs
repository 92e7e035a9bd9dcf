//! Loads rows through the API itself, as any client would, and reports the rows it refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use windlass_core::config::Listen;
use windlass_core::error::{Code, Error, Result};

use crate::report;

/// Resources in order, each with its rows as NDJSON.
pub type Data = Vec<(String, Vec<u8>)>;

/// Rows of one request: well under the body limit.
const BATCH: usize = 500;

/// Loads what is not there yet: a resource that has rows is left alone.
pub async fn run(addresses: &[Listen], data: &Data) -> Result<()> {
    let (client, base) = client(addresses)?;
    for (resource, text) in data {
        let url = format!("{base}/api/{resource}");
        let present = client.get(format!("{url}?limit=1")).send().await.map_err(unreachable)?;
        let status = present.status();
        let present: Value = present.json().await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(refused(resource, &present));
        }
        if present.as_array().is_some_and(|rows| !rows.is_empty()) {
            continue;
        }
        let (loaded, bad) = load(&client, &url, resource, text).await?;
        report::note(match bad {
            0 => format!("loaded {loaded} {resource}"),
            _ => format!("loaded {loaded} {resource}; {bad} malformed rows were refused"),
        });
    }
    Ok(())
}

async fn load(client: &reqwest::Client, url: &str, resource: &str, text: &[u8]) -> Result<(usize, usize)> {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<(usize, &RawValue)> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| Ok((index + 1, serde_json::from_str(line).map_err(Error::internal)?)))
        .collect::<Result<_>>()?;
    let (mut loaded, mut bad) = (0, 0);
    for batch in lines.chunks(BATCH) {
        let mut batch = batch.to_vec();
        while !batch.is_empty() {
            let rows: Vec<&RawValue> = batch.iter().map(|(_, row)| *row).collect();
            let request = client.post(url).header("prefer", "return=minimal").json(&rows);
            let reply = request.send().await.map_err(unreachable)?;
            if reply.status().is_success() {
                loaded += batch.len();
                break;
            }
            let invalid = reply.status().as_u16() == 422;
            let problem: Value = reply.json().await.map_err(unreachable)?;
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
    }
    Ok((loaded, bad))
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
