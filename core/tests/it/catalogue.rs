//! `docs/errors.md` is made from the catalogue: run with `UPDATE_DOCS=1` to write it anew.

use std::fmt::Write;
use std::path::Path;

use windlass_core::error::{Code, Kind};
use windlass_core::http::problem;

#[test]
fn the_page_of_error_codes_is_up_to_date() {
    let mut page = String::from(
        "# Error codes\n\nMade from the catalogue in `core/src/error.rs`; a test keeps it true. `code` is stable, texts may change.\n\n| code | status | meaning |\n|---|---|---|\n",
    );
    for code in Code::ALL.iter().filter(|code| code.kind() != Kind::Operator) {
        writeln!(
            page,
            "| `{code}` | {} | {} |",
            problem::status(code.kind()).as_u16(),
            code.title()
        )
        .unwrap();
    }
    page.push_str("\nThe command line has these besides:\n\n| code | meaning |\n|---|---|\n");
    for code in Code::ALL.iter().filter(|code| code.kind() == Kind::Operator) {
        writeln!(page, "| `{code}` | {} |", code.title()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        page,
        "run the test once with UPDATE_DOCS=1"
    );
}

#[test]
fn codes_are_unique_and_plain() {
    let mut seen = std::collections::HashSet::new();
    for code in Code::ALL {
        assert!(seen.insert(code.as_str()), "{code} twice");
        assert!(
            code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{code}"
        );
    }
}

#[test]
fn every_code_is_found_again_by_its_text() {
    for code in Code::ALL {
        assert_eq!(Code::parse(code.as_str()), Some(*code));
    }
    assert_eq!(Code::parse("nonsense"), None);
}
