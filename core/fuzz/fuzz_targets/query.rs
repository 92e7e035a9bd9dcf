//! Method, path and query string, through all stages to SQL.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::stages::Request;

fuzz_target!(|text: &str| {
    // Only the first line is of interest here, and a body that fits stands in for one.
    _ = Request::read(text.split('\n').next().unwrap_or("")).run();
});
