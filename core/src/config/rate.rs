//! `[rate]`: how often somebody may ask.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

use super::checked::{Reader, bound, text, texts};
use super::pattern::PathPattern;
use super::raw::{Raw, Value};
use crate::diagnostic::Diagnostic;
use crate::suggest;

/// How often: so many requests in a window, and so many of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in a window.
    pub requests: NonZeroU32,
    /// The window.
    pub window: Duration,
    /// Requests that may come at once.
    pub burst: NonZeroU32,
}

/// Who may say for whom a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Peers with these addresses.
    Net(IpNet),
    /// Whoever connects to a Unix socket.
    Unix,
}

/// An allowance of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRate {
    /// The route's name, `POST /api/leads`.
    pub route: String,
    /// How often.
    pub allowance: Allowance,
    place: Diagnostic,
}

impl RouteRate {
    /// A mistake at the route's name in the settings.
    #[must_use]
    pub fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            message: message.into(),
            ..self.place.clone()
        }
    }
}

/// `[rate]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Of everything that somebody asks.
    pub all: Option<Allowance>,
    /// Of credentials from one address that are not valid.
    pub failures: Option<Allowance>,
    /// `[[rate.paths]]`: the first pattern that matches holds, beside [`Rate::all`].
    pub paths: Vec<(PathPattern, Allowance)>,
    /// `[[rate.routes]]`
    pub routes: Vec<RouteRate>,
    /// Of how many it is remembered, for each allowance.
    pub max_keys: usize,
    /// `[http] trusted_proxies`
    pub proxies: Vec<Proxy>,
}

/// Of how many it is remembered unless set.
const MAX_KEYS: u32 = 100_000;

impl Default for Rate {
    fn default() -> Self {
        Self {
            all: None,
            failures: None,
            paths: Vec::new(),
            routes: Vec::new(),
            max_keys: MAX_KEYS as usize,
            proxies: Vec::new(),
        }
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader) -> Rate {
    let mut rate = Rate::default();
    let burst = reader.get("rate.burst", burst);
    rate.all = reader.get("rate.limit", allowance).map(|all| with_burst(all, burst));
    rate.failures = reader.get("rate.failures", allowance);
    if let Some(most) = reader.get("rate.max_keys", bound) {
        rate.max_keys = most as usize;
    }
    rate.proxies = reader.get("http.trusted_proxies", proxies).unwrap_or_default();
    for (key, what) in [("rate.paths", "path"), ("rate.routes", "route")] {
        let Some((key, raw)) = reader.raw.get_key_value(key) else {
            continue;
        };
        let before = reader.wrong.len();
        for (place, name, allowance) in sections(raw, key, what, &mut reader.wrong) {
            if what == "route" {
                let place = place.wrong("");
                rate.routes.push(RouteRate {
                    route: name,
                    allowance,
                    place,
                });
                continue;
            }
            match PathPattern::parse(&name) {
                Ok(pattern) => rate.paths.push((pattern, allowance)),
                Err(message) => reader.wrong.push(place.wrong(format!("`{key}.path`: {message}"))),
            }
        }
        if reader.wrong.len() > before {
            reader.refused.insert(*key);
        }
    }
    rate
}

/// The sections of a list: what each is for, with its place, and how often.
fn sections<'a>(raw: &'a Raw, key: &str, what: &str, wrong: &mut Vec<Diagnostic>) -> Vec<(&'a Raw, String, Allowance)> {
    let items = match &raw.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(raw),
    };
    let mut found = Vec::new();
    for item in items {
        let Value::Table(entries) = &item.value else {
            wrong.push(item.wrong(format!(
                "`{key}`: write each {what} as a section `[[{key}]]` of windlass.toml"
            )));
            continue;
        };
        let before = wrong.len();
        let (mut name, mut limit, mut at_once) = (None, None, None);
        for (entry, raw) in entries {
            let mut refuse = |message: String| wrong.push(raw.wrong(format!("`{key}.{entry}`: {message}")));
            match entry.as_str() {
                entry if entry == what => match text(raw) {
                    Ok(text) => name = Some((raw, text)),
                    Err(message) => refuse(message),
                },
                "limit" => match allowance(raw) {
                    Ok(all) => limit = Some(all),
                    Err(message) => refuse(message),
                },
                "burst" => match burst(raw) {
                    Ok(most) => at_once = Some(most),
                    Err(message) => refuse(message),
                },
                entry => {
                    let near = suggest::help(entry, [what, "limit", "burst"]).unwrap_or_default();
                    refuse(format!("there is no such setting. {near}").trim().to_owned());
                }
            }
        }
        if wrong.len() > before {
            continue;
        }
        match (name, limit) {
            (Some((place, name)), Some(limit)) => found.push((place, name, with_burst(limit, at_once))),
            (None, _) => wrong.push(item.wrong(format!("`{key}`: name the `{what}` that it is for"))),
            (_, None) => wrong.push(item.wrong(format!("`{key}`: say how often, such as `limit = \"600/m\"`"))),
        }
    }
    found
}

fn with_burst(allowance: Allowance, burst: Option<NonZeroU32>) -> Allowance {
    Allowance {
        burst: burst.unwrap_or(allowance.burst),
        ..allowance
    }
}

/// `10/s`, `600/m`, `5000/h`: so many, at once or spread, in a second, minute or hour.
fn allowance(raw: &Raw) -> Result<Allowance, String> {
    let expected = || "must be a rate such as \"10/s\", \"600/m\" or \"5000/h\"".to_owned();
    let text = text(raw).map_err(|_| expected())?;
    let (number, unit) = text.split_once('/').ok_or_else(expected)?;
    let seconds = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(expected()),
    };
    let requests: NonZeroU32 = number.trim().replace('_', "").parse().map_err(|_| expected())?;
    if requests.get() > 1_000_000 {
        return Err(format!(
            "{requests} is more than 1000000, the most that can be told apart"
        ));
    }
    Ok(Allowance {
        requests,
        window: Duration::from_secs(seconds),
        burst: requests,
    })
}

fn burst(raw: &Raw) -> Result<NonZeroU32, String> {
    let number = bound(raw)?;
    NonZeroU32::new(number)
        .filter(|number| number.get() <= 1_000_000)
        .ok_or_else(|| "must be a whole number from 1 to 1000000".to_owned())
}

fn proxies(raw: &Raw) -> Result<Vec<Proxy>, String> {
    texts(raw)?.iter().map(|text| proxy(text)).collect()
}

fn proxy(text: &str) -> Result<Proxy, String> {
    if text == "unix" {
        return Ok(Proxy::Unix);
    }
    let one = IpAddr::from_str(text).map(IpNet::from);
    let net = one.or_else(|_| IpNet::from_str(text));
    net.map(Proxy::Net)
        .map_err(|_| format!("`{text}` is no address such as \"10.0.0.7\" or \"10.0.0.0/8\", nor \"unix\""))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(text: &str) -> (Rate, Vec<String>) {
        let (settings, wrong) = super::super::read(text, &HashMap::new());
        (settings.rate, wrong.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn rates_are_read() {
        assert_eq!(of(""), (Rate::default(), Vec::new()));
        let (rate, wrong) = of("[http]\ntrusted_proxies = ['10.0.0.0/8', '::1', 'unix']\n\
             [rate]\nlimit = '600/m'\nburst = 50\nfailures = '20/m'\nmax_keys = 7\n\
             [[rate.paths]]\npath = '/api/rpc/**'\nlimit = '2/s'\n\
             [[rate.routes]]\nroute = 'POST /api/leads'\nlimit = '5/h'\nburst = 1");
        assert!(wrong.is_empty(), "{wrong:?}");
        let all = rate.all.unwrap();
        assert_eq!(
            (all.requests.get(), all.window.as_secs(), all.burst.get()),
            (600, 60, 50)
        );
        assert_eq!(rate.failures.unwrap().burst.get(), 20);
        assert_eq!((rate.max_keys, rate.proxies.len()), (7, 3));
        assert_eq!(
            (rate.paths[0].1.burst.get(), rate.routes[0].allowance.burst.get()),
            (2, 1)
        );
    }

    #[test]
    fn each_mistake_has_its_place() {
        for (text, expected) in [
            (
                "[rate]\nlimit = '10 per minute'",
                "windlass.toml:2:9: `rate.limit`: must be a rate such as \"10/s\", \"600/m\" or \"5000/h\"",
            ),
            (
                "[rate]\nlimit = '0/s'",
                "windlass.toml:2:9: `rate.limit`: must be a rate such as \"10/s\", \"600/m\" or \"5000/h\"",
            ),
            (
                "[rate]\nlimit = '2000000/s'",
                "windlass.toml:2:9: `rate.limit`: 2000000 is more than 1000000, the most that can be told apart",
            ),
            (
                "[[rate.paths]]\npath = 'x'\nlimit = '1/s'",
                "windlass.toml:2:8: `rate.paths.path`: must be a path such as \"/api/leads\", \"/api/*/notes\" or \"/api/rpc/**\"",
            ),
            (
                "[[rate.paths]]\npath = '/x'",
                "windlass.toml:1:1: `rate.paths`: say how often, such as `limit = \"600/m\"`",
            ),
            (
                "[[rate.routes]]\nlimit = '1/s'",
                "windlass.toml:1:1: `rate.routes`: name the `route` that it is for",
            ),
            (
                "[http]\ntrusted_proxies = ['10.0.0.0/40']",
                "windlass.toml:2:19: `http.trusted_proxies`: `10.0.0.0/40` is no address such as \"10.0.0.7\" or \"10.0.0.0/8\", nor \"unix\"",
            ),
        ] {
            assert_eq!(of(text).1, [expected], "{text}");
        }
    }
}
