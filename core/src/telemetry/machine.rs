//! What the process takes of the machine, and what is left: `/proc` and `statvfs`.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::statvfs::statvfs;

/// What was found at one moment. What cannot be read is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Machine {
    /// Processor time of this process since the look before, in percent of one core.
    pub cpu: f32,
    /// Processor time of the whole machine since the look before, in percent of all cores.
    pub machine_cpu: f32,
    /// Resident memory of this process, in bytes.
    pub memory: u64,
    /// Memory of the machine that programs may still use, in bytes.
    pub memory_free: u64,
    /// Memory of the machine, in bytes.
    pub memory_total: u64,
    /// Free bytes on the disk, for everybody but root.
    pub disk_free: u64,
    /// All bytes of the disk.
    pub disk_total: u64,
}

/// Looks again and again; shares of the processor are those since the look before.
#[derive(Debug)]
pub struct Gauge {
    at: Instant,
    own: Duration,
    all: Ticks,
}

/// The machine's processor time, in ticks of the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ticks {
    busy: u64,
    total: u64,
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            at: Instant::now(),
            own: own_time(),
            all: ticks(&read("/proc/stat")),
        }
    }
}

impl Gauge {
    /// Looks. It reads files and asks a file system, so it may block for a moment.
    pub fn look(&mut self, directory: &Path) -> Machine {
        let before = std::mem::take(self);
        let passed = self.at.saturating_duration_since(before.at).as_secs_f32();
        let own = self.own.saturating_sub(before.own).as_secs_f32();
        let memory = read("/proc/meminfo");
        let (disk_free, disk_total) = disk(directory);
        Machine {
            cpu: if passed > 0.0 { 100.0 * own / passed } else { 0.0 },
            machine_cpu: share(before.all, self.all),
            memory: kilobytes(&read("/proc/self/status"), "VmRSS:"),
            memory_free: kilobytes(&memory, "MemAvailable:"),
            memory_total: kilobytes(&memory, "MemTotal:"),
            disk_free,
            disk_total,
        }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Processor time of this process so far, in user and kernel mode.
fn own_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    [usage.user_time(), usage.system_time()]
        .into_iter()
        .map(|time| {
            let seconds = Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0));
            seconds + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0))
        })
        .sum()
}

/// The first line of `/proc/stat` (proc(5)): user, nice, system, idle, iowait, irq, softirq, steal, and guests, which
/// are in user already.
fn ticks(stat: &str) -> Ticks {
    let mut ticks = Ticks::default();
    let line = stat.lines().next().and_then(|line| line.strip_prefix("cpu "));
    for (place, value) in line.unwrap_or("").split_ascii_whitespace().take(8).enumerate() {
        let value: u64 = value.parse().unwrap_or(0);
        ticks.total += value;
        if !matches!(place, 3 | 4) {
            ticks.busy += value;
        }
    }
    ticks
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs no more digits")]
fn share(before: Ticks, now: Ticks) -> f32 {
    let total = now.total.saturating_sub(before.total);
    if total == 0 {
        return 0.0;
    }
    100.0 * now.busy.saturating_sub(before.busy) as f32 / total as f32
}

/// The bytes of a line such as `MemTotal:  16384 kB`.
fn kilobytes(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_ascii_whitespace().next());
    number.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Free bytes, and all.
fn disk(directory: &Path) -> (u64, u64) {
    let Ok(found) = statvfs(directory) else {
        return (0, 0);
    };
    let block = found.fragment_size();
    (found.blocks_available() * block, found.blocks() * block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let before = ticks("cpu  10 0 10 70 10 0 0 0 5 0\ncpu0 1 2 3\n");
        assert_eq!(before, Ticks { busy: 20, total: 100 });
        let now = ticks("cpu  60 0 10 110 20 0 0 0 5 0\n");
        assert!((share(before, now) - 50.0).abs() < 0.01, "{}", share(before, now));
        assert_eq!((ticks(""), share(now, now)), (Ticks::default(), 0.0));
        assert_eq!(kilobytes("MemFree: 1 kB\nMemTotal:   16 kB\n", "MemTotal:"), 16 * 1024);
        assert_eq!(kilobytes("MemTotal: many", "MemTotal:"), 0);
    }

    #[test]
    fn this_machine_is_seen() {
        let mut gauge = Gauge::default();
        let worked = Instant::now();
        while worked.elapsed() < Duration::from_millis(30) {
            std::hint::spin_loop();
        }
        let found = gauge.look(Path::new("/"));
        assert!(found.cpu > 0.0 && found.memory > 1 << 20, "{found:?}");
        assert!(
            found.memory_total > found.memory_free && found.memory_free > 0,
            "{found:?}"
        );
        assert!(found.disk_total >= found.disk_free && found.disk_total > 0, "{found:?}");
        assert_eq!(gauge.look(Path::new("/no/such/place")).disk_total, 0);
    }
}
