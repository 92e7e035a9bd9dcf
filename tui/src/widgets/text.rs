//! Figures and texts as people read them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cuts a text to so many columns; the last one tells that it was cut.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut room = width.saturating_sub(1);
    for c in text.chars() {
        match room.checked_sub(c.width().unwrap_or_default()) {
            Some(left) => room = left,
            None => break,
        }
        short.push(c);
    }
    if width > 0 {
        short.push('…');
    }
    short
}

/// Fills a text with spaces to so many columns.
#[must_use]
pub fn pad(text: &str, width: usize, right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if right { space + text } else { text.to_owned() + &space }
}

/// A time in milliseconds as `3 s`, `4 min`, `2 h`, `5 d`.
#[must_use]
pub fn age(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Microseconds as `340 µs`, `12 ms`, `1.2 s`.
#[must_use]
pub fn duration(us: u64) -> String {
    match us {
        0..1000 => format!("{us} µs"),
        1000..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1000),
        1_000_000..60_000_000 => format!("{:.1} s", us as f64 / 1e6),
        _ => age(i64::try_from(us / 1000).unwrap_or(i64::MAX)),
    }
}

/// Bytes as `512 B`, `3.4 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    match unit {
        0 => format!("{bytes} B"),
        _ if value >= 100.0 => format!("{value:.0} {name}"),
        _ => format!("{value:.1} {name}"),
    }
}

/// A count as `950`, `12.3k`, `4.0M`.
#[must_use]
pub fn count(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", count as f64 / 1e6),
        _ => format!("{:.1}G", count as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [age(900), age(61_000), age(7_200_000), age(-5)],
            ["0 s", "1 min", "2 h", "0 s"]
        );
        assert_eq!(
            [duration(340), duration(1500), duration(45_000), duration(1_200_000)],
            ["340 µs", "1.5 ms", "45 ms", "1.2 s"]
        );
        assert_eq!(
            [bytes(512), bytes(1 << 20), bytes(200 << 30)],
            ["512 B", "1.0 MiB", "200 GiB"]
        );
        assert_eq!([count(950), count(12_300), count(4_000_000)], ["950", "12.3k", "4.0M"]);
        assert_eq!([cut("abc", 3), cut("abcd", 3), cut("abc", 0)], ["abc", "ab…", ""]);
        // Signs that take two columns.
        assert_eq!(
            [cut("日本語", 6), cut("日本語", 5), cut("日本語", 4)],
            ["日本語", "日本…", "日…"]
        );
        assert_eq!([pad("日本", 6, false), pad("日本", 6, true)], ["日本  ", "  日本"]);
    }
}
