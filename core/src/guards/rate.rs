//! How often somebody may ask: the generic cell rate algorithm (ITU-T I.371), as `governor` has it.
//!
//! A request takes one of the allowance; the allowance fills up again evenly. What is known of whom is bounded: where memory is
//! full of those who asked lately, all others share one allowance.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use sha2::{Digest, Sha256};

use super::address;
use crate::config::{Allowance, PathPattern, Rate};
use crate::error::{Code, Error};
use crate::plan::Principal;

/// Of whom it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// An address, or the network that stands for it.
    Address(IpAddr),
    /// Whoever asks through a Unix socket.
    Local,
    /// A principal, by the SHA-256 of its id.
    Principal([u8; 32]),
}

impl Key {
    /// The key of an address; none is that of a Unix socket.
    #[must_use]
    pub fn address(client: Option<IpAddr>) -> Self {
        client.map_or(Self::Local, |client| Self::Address(address::network(client)))
    }

    /// The principal's key; of who has no credentials, that of the address.
    #[must_use]
    pub fn of(principal: &Principal, address: Self) -> Self {
        match principal {
            Principal::Anonymous => address,
            Principal::Known(identity) => Self::Principal(Sha256::digest(identity.id.as_bytes()).into()),
        }
    }
}

/// How somebody stands with one allowance, after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The allowance's name.
    pub policy: String,
    /// Requests that may come at once.
    pub quota: u32,
    /// Seconds in which all of them come back.
    pub window: u64,
    /// Requests that may still come at once.
    pub remaining: u32,
    /// Seconds until the whole quota is there again.
    pub reset: u64,
    /// Seconds until one may come, for a request that came too early.
    pub wait: Option<u64>,
}

impl Standing {
    /// The refusal of a request that came too early.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        let seconds = u32::try_from(self.wait?).unwrap_or(u32::MAX);
        let (quota, window) = (self.quota, self.window);
        let error = Error::new(Code::RateLimited, Code::RateLimited.title())
            .with_details(format!("at most {quota} at once, which come back within {window} s"))
            .with_hint(format!("wait {seconds} s, then go on more slowly"));
        Some(error.with_retry_after(seconds))
    }
}

/// The values of `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): lists of structured fields
/// (RFC 9651) with an item for each allowance. `q` is what may come at once and `w` in how many seconds it comes back; `r` is what is
/// left and `t` the seconds until all is back.
#[must_use]
pub fn fields(standings: &[Standing]) -> Option<(String, String)> {
    if standings.is_empty() {
        return None;
    }
    let policies = standings
        .iter()
        .map(|one| format!("\"{}\";q={};w={}", one.policy, one.quota, one.window));
    let left = standings
        .iter()
        .map(|one| format!("\"{}\";r={};t={}", one.policy, one.remaining, one.reset));
    Some((
        policies.collect::<Vec<_>>().join(", "),
        left.collect::<Vec<_>>().join(", "),
    ))
}

/// All allowances.
#[derive(Debug)]
pub struct Rates<C: Clock = DefaultClock> {
    all: Option<Limiter<C>>,
    paths: Vec<(PathPattern, Limiter<C>)>,
    routes: HashMap<String, Limiter<C>>,
    failures: Option<Failures<C>>,
}

impl Default for Rates {
    fn default() -> Self {
        Self::new(&Rate::default(), &DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rates<C> {
    /// Those of the settings, by a clock.
    pub fn new(rate: &Rate, clock: &C) -> Self {
        let limiter = |name: &str, allowance: &Allowance| Limiter::new(name, allowance, rate.max_keys, clock);
        Self {
            all: rate.all.as_ref().map(|all| limiter("all", all)),
            paths: rate
                .paths
                .iter()
                .map(|(pattern, allowance)| (pattern.clone(), limiter(&pattern.to_string(), allowance)))
                .collect(),
            routes: rate
                .routes
                .iter()
                .map(|one| (one.route.clone(), limiter(&one.route, &one.allowance)))
                .collect(),
            failures: rate.failures.as_ref().map(|failures| Failures {
                limiter: limiter("failures", failures),
                barred: Mutex::new(HashMap::new()),
                most: rate.max_keys,
            }),
        }
    }

    /// Takes one of what somebody may ask on a path: of everything, and of that path.
    pub fn ask(&self, key: Key, path: &str) -> Vec<Standing> {
        let own = self.paths.iter().find(|(pattern, _)| pattern.matches(path));
        let limiters = self.all.iter().chain(own.map(|(_, limiter)| limiter));
        let mut standings = Vec::new();
        for limiter in limiters {
            let standing = limiter.take(key);
            let over = standing.wait.is_some();
            standings.push(standing);
            // What is refused takes nothing more.
            if over {
                break;
            }
        }
        standings
    }

    /// Takes one of what somebody may ask of a route; none where it has no allowance of its own.
    pub fn enter(&self, key: Key, route: &str) -> Option<Standing> {
        self.routes.get(route).map(|limiter| limiter.take(key))
    }

    /// The refusal of credentials from an address from which too many came that are not valid, before they are looked at.
    #[must_use]
    pub fn barred(&self, key: Key) -> Option<Standing> {
        self.failures.as_ref()?.barred(key)
    }

    /// Notes credentials that are not valid.
    pub fn failed(&self, key: Key) {
        if let Some(failures) = &self.failures {
            failures.failed(key);
        }
    }
}

/// Who sent too many credentials that are not valid, and until when no more are looked at.
#[derive(Debug)]
struct Failures<C: Clock> {
    limiter: Limiter<C>,
    barred: Mutex<HashMap<Key, C::Instant>>,
    most: usize,
}

impl<C: Clock + Clone> Failures<C> {
    fn barred(&self, key: Key) -> Option<Standing> {
        let now = self.limiter.now();
        let mut barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *barred.get(&key)?;
        if until <= now {
            barred.remove(&key);
            return None;
        }
        let wait: Duration = until.duration_since(now).into();
        Some(self.limiter.standing(0, Some(wait)))
    }

    fn failed(&self, key: Key) {
        let standing = self.limiter.check(key);
        let Some(wait) = standing.wait_after() else {
            return;
        };
        let now = self.limiter.now();
        let mut barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner);
        if barred.len() >= self.most {
            barred.retain(|_, until| *until > now);
        }
        if barred.len() < self.most {
            barred.insert(key, now + Nanos::from(wait));
        }
    }
}

/// What came of a request.
struct Checked {
    remaining: u32,
    wait: Option<Duration>,
    interval: Duration,
}

impl Checked {
    /// How long it is until another one may come, where none may right now.
    fn wait_after(&self) -> Option<Duration> {
        self.wait.or((self.remaining == 0).then_some(self.interval))
    }
}

/// One allowance, and how far each has used it.
#[derive(Debug)]
struct Limiter<C: Clock> {
    name: String,
    quota: Quota,
    limiter: RateLimiter<Key, Bounded, C, StateInformationMiddleware>,
}

impl<C: Clock + Clone> Limiter<C> {
    fn new(name: &str, allowance: &Allowance, most: usize, clock: &C) -> Self {
        let interval = allowance.window / allowance.requests.get();
        // Both are set and none is nothing: the fallback is never taken.
        let quota = Quota::with_period(interval).unwrap_or(Quota::per_second(allowance.requests));
        let quota = quota.allow_burst(allowance.burst);
        let state = Bounded {
            held: Mutex::default(),
            most,
            interval: Nanos::from(interval).as_u64(),
        };
        Self {
            // A string of a structured field (RFC 9651 §3.3.3) is ASCII without quotes.
            name: name
                .chars()
                .map(|c| {
                    if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') {
                        c
                    } else {
                        '_'
                    }
                })
                .collect(),
            quota,
            limiter: RateLimiter::new(quota, state, clock.clone()),
        }
    }

    fn now(&self) -> C::Instant {
        self.limiter.clock().now()
    }

    fn check(&self, key: Key) -> Checked {
        let interval = self.quota.replenish_interval();
        match self.limiter.check_key(&key) {
            Ok(state) => Checked {
                remaining: state.remaining_burst_capacity(),
                wait: None,
                interval,
            },
            Err(until) => Checked {
                remaining: 0,
                wait: Some(until.wait_time_from(self.now())),
                interval,
            },
        }
    }

    fn take(&self, key: Key) -> Standing {
        let checked = self.check(key);
        self.standing(checked.remaining, checked.wait)
    }

    fn standing(&self, remaining: u32, wait: Option<Duration>) -> Standing {
        let quota = self.quota.burst_size().get();
        let interval = self.quota.replenish_interval();
        // What the one that is waited for is, the wait says.
        let missing = quota
            .saturating_sub(remaining)
            .saturating_sub(u32::from(wait.is_some()));
        let reset = interval.saturating_mul(missing) + wait.unwrap_or_default();
        Standing {
            policy: self.name.clone(),
            quota,
            window: seconds(self.quota.burst_size_replenished_in()),
            remaining,
            reset: seconds(reset),
            wait: wait.map(|wait| seconds(wait).max(1)),
        }
    }
}

/// Whole seconds, rounded up: who waits so long does not come too early.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// When each comes to have used nothing again, of a bounded number; the rest share one place.
#[derive(Debug)]
struct Bounded {
    held: Mutex<Held>,
    most: usize,
    /// Nanoseconds in which one of the allowance comes back.
    interval: u64,
}

#[derive(Debug, Default)]
struct Held {
    times: HashMap<Key, Nanos>,
    rest: Option<Nanos>,
    /// When it was last looked through; not at every request, as a flood of keys would make each of them costly.
    swept: u64,
}

/// Nanoseconds between two looks through everything.
const SWEEP: u64 = 1_000_000_000;

impl StateStore for Bounded {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.times.get(key).copied();
        if before.is_none() && held.times.len() >= self.most {
            // For somebody new the next time is now and an interval.
            let (_, next) = measure(None)?;
            let now = next.as_u64().saturating_sub(self.interval);
            if now >= held.swept.saturating_add(SWEEP) || held.swept == 0 {
                held.swept = now.max(1);
                held.times.retain(|_, time| time.as_u64() > now);
            }
            if held.times.len() >= self.most {
                let (outcome, next) = measure(held.rest)?;
                held.rest = Some(next);
                return Ok(outcome);
            }
        }
        let (outcome, next) = measure(before)?;
        held.times.insert(*key, next);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn allowance(requests: u32, window: u64, burst: u32) -> Allowance {
        Allowance {
            requests: NonZeroU32::new(requests).unwrap(),
            window: Duration::from_secs(window),
            burst: NonZeroU32::new(burst).unwrap(),
        }
    }

    fn host(number: u32) -> Key {
        Key::address(Some(IpAddr::V4(number.into())))
    }

    fn waits(rates: &Rates<FakeRelativeClock>, key: Key, path: &str) -> Option<u64> {
        rates.ask(key, path).last().and_then(|standing| standing.wait)
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_by_one() {
        let clock = FakeRelativeClock::default();
        let all = Some(allowance(60, 60, 3));
        let rates = Rates::new(&Rate { all, ..Rate::default() }, &clock);
        for remaining in [2, 1, 0] {
            let standing = rates.ask(host(1), "/").remove(0);
            assert_eq!((standing.remaining, standing.wait), (remaining, None));
            assert_eq!(standing.reset, u64::from(3 - remaining));
        }
        let over = rates.ask(host(1), "/");
        assert_eq!((over[0].wait, over[0].reset), (Some(1), 3));
        let error = over[0].refusal().unwrap();
        assert_eq!((error.code(), error.retry_after()), (Code::RateLimited, Some(1)));
        let (policy, left) = fields(&over).unwrap();
        assert_eq!((policy.as_str(), left.as_str()), ("\"all\";q=3;w=3", "\"all\";r=0;t=3"));
        // Another one has an allowance of its own, and what was refused took nothing.
        assert_eq!(waits(&rates, host(2), "/"), None);
        clock.advance(Duration::from_millis(999));
        assert_eq!(waits(&rates, host(1), "/"), Some(1));
        clock.advance(Duration::from_millis(1));
        assert_eq!(waits(&rates, host(1), "/"), None);
        assert_eq!(waits(&rates, host(1), "/"), Some(1));
    }

    #[test]
    fn paths_and_routes_have_allowances_beside_that_of_everything() {
        let clock = FakeRelativeClock::default();
        let rate = Rate {
            all: Some(allowance(100, 1, 100)),
            paths: vec![(PathPattern::parse("/api/**").unwrap(), allowance(1, 60, 1))],
            ..Rate::default()
        };
        let rates = Rates::new(&rate, &clock);
        assert_eq!(rates.ask(host(1), "/api/x").len(), 2);
        assert_eq!(waits(&rates, host(1), "/api/y"), Some(60));
        assert_eq!(waits(&rates, host(1), "/docs"), None);
        assert_eq!(rates.enter(host(1), "GET /api/x"), None);
        assert_eq!(Rates::default().ask(host(1), "/api/x"), []);
    }

    #[test]
    fn memory_is_bounded_and_the_rest_share_one_allowance() {
        let clock = FakeRelativeClock::default();
        let rate = Rate {
            all: Some(allowance(1, 1, 2)),
            max_keys: 3,
            ..Rate::default()
        };
        let rates = Rates::new(&rate, &clock);
        for number in 0..3 {
            assert_eq!(waits(&rates, host(number), "/"), None);
        }
        // Two of the rest are let through, whoever they are; those that are known are not touched.
        assert_eq!(waits(&rates, host(10), "/"), None);
        assert_eq!(waits(&rates, host(11), "/"), None);
        assert_eq!(waits(&rates, host(12), "/"), Some(1));
        assert_eq!(waits(&rates, host(0), "/"), None);
        for number in 100..1000 {
            rates.ask(host(number), "/");
        }
        let held = |rates: &Rates<FakeRelativeClock>| {
            let limiter = rates.all.as_ref().unwrap();
            limiter.limiter.check_key(&host(0)).is_ok()
        };
        assert!(!held(&rates), "the first one is still known");
        // Once they have rested, others take their places.
        clock.advance(Duration::from_secs(5));
        for number in 20..23 {
            assert_eq!(waits(&rates, host(number), "/"), None);
            assert_eq!(waits(&rates, host(number), "/"), None);
            assert_eq!(waits(&rates, host(number), "/"), Some(1));
        }
    }

    #[test]
    fn an_address_is_barred_after_failures_until_some_come_back() {
        let clock = FakeRelativeClock::default();
        let rate = Rate {
            failures: Some(allowance(2, 60, 2)),
            ..Rate::default()
        };
        let rates = Rates::new(&rate, &clock);
        rates.failed(host(1));
        assert_eq!(rates.barred(host(1)), None);
        rates.failed(host(1));
        assert_eq!(rates.barred(host(1)).unwrap().wait, Some(30));
        assert_eq!(rates.barred(host(2)), None);
        clock.advance(Duration::from_secs(31));
        assert_eq!(rates.barred(host(1)), None);
    }
}
