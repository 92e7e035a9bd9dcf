//! Numbers as people read them.

/// `1.5 MiB`
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 {
        format!("{bytes} {name}")
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// `340 µs`, `1.2 ms`, `3.4 s`
pub fn microseconds(time: u64) -> String {
    match time {
        0..1_000 => format!("{time} µs"),
        1_000..1_000_000 => format!("{}.{} ms", time / 1_000, time % 1_000 / 100),
        _ => milliseconds(time / 1_000),
    }
}

/// `340 ms`, `3.4 s`, `12 min`, `5 h`, `3 d`
pub fn milliseconds(time: u64) -> String {
    match time {
        0..1_000 => format!("{time} ms"),
        1_000..120_000 => format!("{}.{} s", time / 1_000, time % 1_000 / 100),
        120_000..7_200_000 => format!("{} min", time / 60_000),
        7_200_000..172_800_000 => format!("{} h", time / 3_600_000),
        _ => format!("{} d", time / 86_400_000),
    }
}

/// The time of day in UTC of a Unix time in milliseconds: `14:02:09.123`.
pub fn clock(at: i64) -> String {
    let day = at.rem_euclid(86_400_000);
    let (seconds, milliseconds) = (day / 1000, day % 1000);
    format!(
        "{:02}:{:02}:{:02}.{milliseconds:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A statement on one line, cut to what fits beside figures.
pub fn statement(text: &str) -> String {
    const WIDTH: usize = 80;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        for (given, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_610_612_736, "1.5 GiB"),
        ] {
            assert_eq!(bytes(given), expected);
        }
        assert_eq!(bytes(u64::MAX), "16777215.9 TiB");
        for (given, expected) in [
            (999, "999 µs"),
            (1_250, "1.2 ms"),
            (3_400_000, "3.4 s"),
            (180_000_000, "3 min"),
            (90_000_000_000, "25 h"),
            (864_000_000_000, "10 d"),
        ] {
            assert_eq!(microseconds(given), expected);
        }
        assert_eq!(clock(50_529_123), "14:02:09.123");
        assert_eq!(clock(-1), "23:59:59.999");
        assert_eq!(statement("select\n  1"), "select 1");
        assert_eq!(statement(&"ä".repeat(100)).chars().count(), 81);
    }
}
