//! Dates, times and durations: RFC 3339 and ISO 8601, years 1 to 9999, no leap second, no 24:00.
//!
//! Seconds may be left out where a column's type is concerned (browsers send `10:30`); fractions beyond
//! microseconds are cut off, so that Postgres cannot round 23:59:59.9999999 into the next day.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset, NaiveDate};

/// Whether an offset belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    Needed,
    Refused,
    Optional,
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Unreadable,
    NoOffset,
    HasOffset,
}

/// The start of year 1 and the end of year 9999, in seconds since 1970.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// Reads `n` digits.
fn digits(bytes: &[u8], from: usize, n: usize) -> Option<u32> {
    bytes.get(from..from + n)?.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0'))
    })
}

/// A calendar date, `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let year = i32::try_from(digits(bytes, 0, 4)?).ok().filter(|year| *year >= 1)?;
    NaiveDate::from_ymd_opt(year, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?)
}

/// A time of day with what follows it.
struct Clock<'a> {
    /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.ffffff`.
    text: &'a str,
    seconds: i64,
    nanos: u32,
    has_seconds: bool,
    rest: &'a str,
}

fn clock(text: &str) -> Option<Clock<'_>> {
    let bytes = text.as_bytes();
    let (hours, minutes) = (digits(bytes, 0, 2)?, digits(bytes, 3, 2)?);
    if bytes.get(2) != Some(&b':') || hours > 23 || minutes > 59 {
        return None;
    }
    let mut end = 5;
    let (mut seconds, mut nanos) = (0, 0);
    let has_seconds = bytes.get(5) == Some(&b':');
    let mut kept = 5;
    if has_seconds {
        seconds = digits(bytes, 6, 2).filter(|seconds| *seconds <= 59)?;
        (end, kept) = (8, 8);
        if bytes.get(8) == Some(&b'.') {
            let count = bytes.get(9..)?.iter().take_while(|b| b.is_ascii_digit()).count();
            if count == 0 || count > 30 {
                return None;
            }
            end = 9 + count;
            kept = 9 + count.min(6);
            nanos = digits(bytes, 9, count.min(6))? * 10_u32.pow(u32::try_from(9 - count.min(6)).ok()?);
        }
    }
    Some(Clock {
        text: text.get(..kept)?,
        seconds: i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds),
        nanos,
        has_seconds,
        rest: text.get(end..)?,
    })
}

/// Seconds east of UTC: `Z` or `±HH:MM`, as far as Postgres goes.
fn offset(text: &str) -> Option<i32> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let bytes = text.as_bytes();
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (digits(bytes, 1, 2)?, digits(bytes, 4, 2)?);
    if bytes.len() != 6 || bytes.get(3) != Some(&b':') || hours > 15 || minutes > 59 {
        return None;
    }
    Some(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?)
}

fn zoned(rest: &str, zone: Zone) -> Result<Option<i32>, Fault> {
    match (rest.is_empty(), zone) {
        (true, Zone::Needed) => Err(Fault::NoOffset),
        (true, _) => Ok(None),
        (false, Zone::Refused) => offset(rest).map_or(Err(Fault::Unreadable), |_| Err(Fault::HasOffset)),
        (false, _) => offset(rest).map(Some).ok_or(Fault::Unreadable),
    }
}

/// A time of day; appends it as Postgres reads it. `strict` asks for seconds.
pub(super) fn time(text: &str, zone: Zone, strict: bool, out: &mut String) -> Result<(), Fault> {
    let clock = clock(text)
        .filter(|clock| clock.has_seconds || !strict)
        .ok_or(Fault::Unreadable)?;
    zoned(clock.rest, zone)?;
    out.push_str(clock.text);
    out.push_str(if clock.rest == "z" { "Z" } else { clock.rest });
    Ok(())
}

struct Moment<'a> {
    day: NaiveDate,
    clock: Clock<'a>,
    offset: Option<i32>,
}

impl Moment<'_> {
    fn seconds(&self) -> i64 {
        let days = self.day.signed_duration_since(NaiveDate::default()).num_days();
        days * 86_400 + self.clock.seconds - i64::from(self.offset.unwrap_or(0))
    }
}

fn moment(text: &str, zone: Zone) -> Result<Moment<'_>, Fault> {
    let day = text.get(..10).and_then(date).ok_or(Fault::Unreadable)?;
    let Some(rest) = text.get(10..).filter(|rest| !rest.is_empty()) else {
        return Err(Fault::Unreadable);
    };
    let clock = rest
        .strip_prefix(['T', 't', ' '])
        .and_then(clock)
        .ok_or(Fault::Unreadable)?;
    let offset = zoned(clock.rest, zone)?;
    let moment = Moment { day, clock, offset };
    if (FIRST_SECOND..=LAST_SECOND).contains(&moment.seconds()) {
        Ok(moment)
    } else {
        Err(Fault::Unreadable)
    }
}

/// A date with a time; appends it as Postgres reads it. `strict` asks for seconds.
pub(super) fn timestamp(text: &str, zone: Zone, strict: bool, out: &mut String) -> Result<(), Fault> {
    let moment = moment(text, zone)?;
    if strict && !moment.clock.has_seconds {
        return Err(Fault::Unreadable);
    }
    out.push_str(text.get(..10).unwrap_or_default());
    out.push('T');
    out.push_str(moment.clock.text);
    if moment.offset.is_some() {
        out.push_str(if moment.clock.rest == "z" {
            "Z"
        } else {
            moment.clock.rest
        });
    }
    Ok(())
}

/// The instant of a date or timestamp, for rules; UTC where nothing else is said. Knows Postgres's infinities.
pub(super) fn instant(text: &str) -> Option<DateTime<FixedOffset>> {
    match text {
        "infinity" => return Some(DateTime::<chrono::Utc>::MAX_UTC.fixed_offset()),
        "-infinity" => return Some(DateTime::<chrono::Utc>::MIN_UTC.fixed_offset()),
        _ => {}
    }
    if let Some(day) = date(text) {
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc().fixed_offset());
    }
    let moment = moment(text, Zone::Optional).ok()?;
    let instant = DateTime::from_timestamp(moment.seconds(), moment.clock.nanos)?;
    Some(instant.with_timezone(&FixedOffset::east_opt(moment.offset.unwrap_or(0))?))
}

/// An ISO 8601 duration, taken apart as Postgres keeps intervals.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Duration {
    /// As Postgres reads it: a sign in front is spread over the parts.
    pub(super) text: String,
    months: f64,
    days: f64,
    seconds: f64,
    /// Whether a sign was used, which ISO 8601 itself does not have.
    pub(super) signed: bool,
}

impl Duration {
    /// With months of 30 days and days of 24 hours, as Postgres compares intervals.
    pub(super) fn total_micros(&self) -> Option<i64> {
        let micros = ((self.months * 30.0 + self.days) * 86_400.0 + self.seconds) * 1e6;
        #[expect(clippy::cast_possible_truncation, reason = "checked against the range first")]
        (micros.abs() < 9.2e18).then_some(micros.round() as i64)
    }
}

/// Reads `P1Y2M3W4DT5H6M7.5S`; the last part may have a fraction. Parts may carry a sign, as Postgres writes them.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut result = Duration::default();
    let (negative, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    result.signed = rest.len() != text.len();
    let mut rest = rest.strip_prefix('P')?;
    result.text.push('P');
    // Units in the order in which they must come; `T` stands between D and H.
    let units = ['Y', 'M', 'W', 'D', 'T', 'H', 'M', 'S'];
    let mut next = 0;
    let mut ended = false;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if next > 4 || after.is_empty() {
                return None;
            }
            next = 5;
            result.text.push('T');
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_uppercase())?;
        let (number, tail) = rest.split_at(end);
        let unit = tail.chars().next()?;
        let limit = if next >= 5 { units.len() } else { 4 };
        let place = next + units.get(next..limit)?.iter().position(|known| *known == unit)?;
        if ended {
            return None;
        }
        let (minus, plain) = match number.strip_prefix(['-', '+']) {
            Some(plain) => (number.starts_with('-'), plain),
            None => (false, number),
        };
        result.signed |= plain.len() != number.len();
        let (whole, fraction) = plain.split_once('.').map_or((plain, None), |(w, f)| (w, Some(f)));
        let is_number = |part: &str| !part.is_empty() && part.len() <= 15 && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !fraction.is_none_or(is_number) {
            return None;
        }
        ended = fraction.is_some();
        let minus = minus != negative;
        let value: f64 = plain.parse().ok()?;
        let value = if minus { -value } else { value };
        let _ = write!(result.text, "{}{plain}{unit}", if minus { "-" } else { "" });
        match place {
            0 => result.months += value * 12.0,
            1 => result.months += value,
            2 => result.days += value * 7.0,
            3 => result.days += value,
            5 => result.seconds += value * 3600.0,
            6 => result.seconds += value * 60.0,
            _ => result.seconds += value,
        }
        next = place + 1;
        parts += 1;
        rest = tail.get(1..)?;
    }
    // Postgres keeps months and days in 32 bits, and microseconds in 64.
    let fits = result.months.abs() < 2e9 && result.days.abs() < 2e9 && result.seconds.abs() < 9e12;
    (parts > 0 && fits).then_some(result)
}
