//! Headers that say how a request is meant: `Prefer`, `Range`, `Accept`, preconditions, `Idempotency-Key`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::error::Code;
use windlass_fuzz::request::Accept;
use windlass_fuzz::request::{Page, Preconditions, Prefer, once};
use windlass_fuzz::stages::Request;

fuzz_target!(|text: &str| {
    let request = Request::read(text);
    // All of them, whichever the stages would have stopped at.
    if let Ok(prefer) = Prefer::parse(request.header("prefer")) {
        // What is told as applied is read as the same.
        for applied in [prefer.applied_to_write(true, true, true), prefer.applied(true, true)]
            .into_iter()
            .flatten()
        {
            let again = Prefer::parse([applied.as_str()].into_iter());
            assert!(again.is_ok_and(|again| again.returns == prefer.returns && again.strict == prefer.strict));
        }
    }
    for range in request.header("range") {
        match Page::UNSAID.or_range(request.header("range-unit").next(), Some(range)) {
            Ok(Page::Offset { limit, offset }) => {
                let fits = |number: Option<u64>| number.is_none_or(|number| number <= 1 << 63);
                assert!(fits(limit) && fits(offset), "{range}: {limit:?} {offset:?}");
            }
            Ok(Page::After { .. }) => panic!("a range became a cursor"),
            Err(error) => assert_eq!(error.code(), Code::BadHeader),
        }
    }
    for list in [true, false] {
        if let Err(error) = Accept::parse(request.header("accept"), list) {
            assert_eq!(error.code(), Code::NotAcceptable);
        }
    }
    let bytes = |name| request.header(name).map(str::as_bytes);
    if let Err(error) = Preconditions::parse(bytes("if-match"), bytes("if-none-match")) {
        assert_eq!(error.code(), Code::BadHeader);
    }
    if let Err(error) = once::key(bytes("idempotency-key")) {
        assert_eq!(error.code(), Code::BadHeader);
    }
    _ = request.run();
});
