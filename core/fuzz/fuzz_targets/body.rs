//! A request with a JSON body, through all stages to SQL.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::stages::Request;

fuzz_target!(|text: &str| {
    _ = Request::read(text).run();
});
