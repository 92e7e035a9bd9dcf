//! Counters of the service: what one second looked like, and how each route does.

use serde::{Deserialize, Serialize};

/// One second of the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When the second ended: Unix time in seconds.
    pub at: i64,
    /// Requests answered in it.
    pub requests: u32,
    /// Those answered with 4xx.
    pub refused: u32,
    /// Those answered with 5xx.
    pub failed: u32,
    /// Median time of its requests, in microseconds; 0 without requests.
    pub p50_us: u32,
    /// 99th percentile, in microseconds; 0 without requests.
    pub p99_us: u32,
    /// Processor time of this process, in percent of one core.
    pub cpu: f32,
    /// Processor time of the whole machine, in percent of all cores.
    pub machine_cpu: f32,
    /// Resident memory of this process, in bytes.
    pub memory: u64,
    /// Memory of the machine that programs may still use, in bytes.
    pub memory_free: u64,
    /// Memory of the machine, in bytes.
    pub memory_total: u64,
    /// Free bytes on the disk that holds the project.
    pub disk_free: u64,
    /// All bytes of that disk.
    pub disk_total: u64,
}

/// How a route has done since the service started, and lately.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteFigures {
    /// Requests since the start.
    pub requests: u64,
    /// Requests a second, over the last ten seconds.
    pub rate: f64,
    /// Median of the last minute's requests, in microseconds; 0 without any.
    pub p50_us: u32,
    /// 99th percentile of the last minute's requests, in microseconds; 0 without any.
    pub p99_us: u32,
    /// Answered with 4xx since the start.
    pub refused: u64,
    /// Answered with 5xx since the start.
    pub failed: u64,
}
