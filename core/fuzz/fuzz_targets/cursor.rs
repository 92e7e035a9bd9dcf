//! Cursors: what was not sealed here never opens, and whatever was sealed is bound.
//!
//! An input is a list's path and query, a line with `+` or `-` for the direction, and a line per value; or it is taken as a
//! cursor as it stands.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::contracts::{SNAPSHOT, resource};
use windlass_fuzz::plan::Principal;
use windlass_fuzz::plan::cursor::{Binding, Cursor};
use windlass_fuzz::stages::{KEY, page_on};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let head = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (path, query) = head.split_once('?').unwrap_or((&head, ""));
    let cursor = String::from_utf8_lossy(bytes);
    assert!(
        Cursor::open(
            &cursor,
            &KEY,
            Binding::new(resource(&SNAPSHOT, path), &[], &[], &Principal::Anonymous)
        )
        .is_err(),
        "a forged cursor opened"
    );
    let backward = lines.next() == Some(b"-");
    page_on(path, query, lines.next().unwrap_or_default(), backward);
});
