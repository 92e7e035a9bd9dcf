//! Postgres's binary dates, times and intervals as ISO 8601 text.
//!
//! Dates count days, timestamps microseconds from 2000-01-01. The calendar is the proleptic Gregorian one;
//! years before 1 are written as Postgres writes them in JSON, with ` BC` at the end.

use std::fmt::Write;

const DAY: i64 = 86_400_000_000;

/// Days since 2000-01-01 as `YYYY-MM-DD`; `infinity` and `-infinity` as Postgres spells them.
pub(super) fn date(days: i32, out: &mut String) {
    match days {
        i32::MAX => out.push_str("infinity"),
        i32::MIN => out.push_str("-infinity"),
        _ => {
            let before_christ = day(i64::from(days), out);
            out.push_str(if before_christ { " BC" } else { "" });
        }
    }
}

/// Microseconds since 2000-01-01 as `YYYY-MM-DDTHH:MM:SS[.ffffff]` and `zone`.
pub(super) fn timestamp(micros: i64, zone: &str, out: &mut String) {
    match micros {
        i64::MAX => return out.push_str("infinity"),
        i64::MIN => return out.push_str("-infinity"),
        _ => {}
    }
    let before_christ = day(micros.div_euclid(DAY), out);
    out.push('T');
    time(micros.rem_euclid(DAY), out);
    out.push_str(zone);
    out.push_str(if before_christ { " BC" } else { "" });
}

/// Microseconds since midnight as `HH:MM:SS[.ffffff]`.
pub(super) fn time(micros: i64, out: &mut String) {
    let seconds = micros / 1_000_000;
    two(seconds / 3600, out);
    out.push(':');
    two(seconds / 60 % 60, out);
    out.push(':');
    two(seconds % 60, out);
    fraction(micros % 1_000_000, out);
}

/// As [`time`], with the offset: `+01:00`, `-03:30`. Postgres stores it as seconds west of UTC.
pub(super) fn time_with_offset(micros: i64, west: i32, out: &mut String) {
    time(micros, out);
    out.push(if west > 0 { '-' } else { '+' });
    let minutes = i64::from(west.unsigned_abs() / 60);
    two(minutes / 60, out);
    out.push(':');
    two(minutes % 60, out);
}

/// An interval as an ISO 8601 duration: `P1Y2M3DT4H5M6.7S`, `PT0S` for none.
pub(super) fn interval(micros: i64, days: i32, months: i32, out: &mut String) {
    if (micros, days, months) == (i64::MAX, i32::MAX, i32::MAX) {
        return out.push_str("infinity");
    }
    if (micros, days, months) == (i64::MIN, i32::MIN, i32::MIN) {
        return out.push_str("-infinity");
    }
    out.push('P');
    let mut part = |value: i64, letter: char| {
        if value != 0 {
            out.push_str(itoa::Buffer::new().format(value));
            out.push(letter);
        }
    };
    part(i64::from(months / 12), 'Y');
    part(i64::from(months % 12), 'M');
    part(i64::from(days), 'D');
    if micros == 0 {
        if days == 0 && months == 0 {
            out.push_str("T0S");
        }
        return;
    }
    out.push('T');
    let mut part = |value: i64, letter: char| {
        if value != 0 {
            out.push_str(itoa::Buffer::new().format(value));
            out.push(letter);
        }
    };
    part(micros / 3_600_000_000, 'H');
    part(micros / 60_000_000 % 60, 'M');
    let rest = micros % 60_000_000;
    if rest != 0 {
        out.push_str(if rest < 0 { "-" } else { "" });
        out.push_str(itoa::Buffer::new().format(rest.unsigned_abs() / 1_000_000));
        fraction(i64::try_from(rest.unsigned_abs() % 1_000_000).unwrap_or(0), out);
        out.push('S');
    }
}

fn two(value: i64, out: &mut String) {
    if value < 10 {
        out.push('0');
    }
    out.push_str(itoa::Buffer::new().format(value));
}

fn fraction(micros: i64, out: &mut String) {
    if micros != 0 {
        let digits = format!("{micros:06}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

/// Writes year, month and day; says whether the year is before Christ.
/// After Howard Hinnant's `civil_from_days` (public domain algorithm), for days since 2000-01-01.
fn day(days: i64, out: &mut String) -> bool {
    let shifted = days + 730_425;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (shown, before_christ) = if year <= 0 { (1 - year, true) } else { (year, false) };
    // Writing to a String cannot fail.
    _ = write!(out, "{shown:04}-");
    two(month, out);
    out.push('-');
    two(day_of_month, out);
    before_christ
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled() {
        let mut out = String::new();
        date(0, &mut out);
        assert_eq!(std::mem::take(&mut out), "2000-01-01");
        date(-730_119, &mut out);
        assert_eq!(std::mem::take(&mut out), "0001-01-01");
        date(-730_120, &mut out);
        assert_eq!(std::mem::take(&mut out), "0001-12-31 BC");
        date(9_496, &mut out);
        assert_eq!(std::mem::take(&mut out), "2025-12-31");
        timestamp(-1, "Z", &mut out);
        assert_eq!(std::mem::take(&mut out), "1999-12-31T23:59:59.999999Z");
        timestamp(500_000, "", &mut out);
        assert_eq!(std::mem::take(&mut out), "2000-01-01T00:00:00.5");
        interval(14_706_700_000, 3, 14, &mut out);
        assert_eq!(std::mem::take(&mut out), "P1Y2M3DT4H5M6.7S");
        interval(-1_500_000, 0, 0, &mut out);
        assert_eq!(std::mem::take(&mut out), "PT-1.5S");
        interval(0, 0, 0, &mut out);
        assert_eq!(std::mem::take(&mut out), "PT0S");
    }
}
