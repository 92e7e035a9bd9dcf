//! The file of a SQL route: front matter, and SQL whose parameters are found.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::contract::read_draft;

/// With this in front, all of a text is SQL.
const FRONT: &str = "/*--- route = \"POST /api/x\"\naccess = [\"public\"]\nreturns = \"many\" ---*/";

fuzz_target!(|text: &str| {
    for text in [text.to_owned(), format!("{FRONT}{text}")] {
        match read_draft(Path::new("routes/x.sql"), text.clone()) {
            Ok(draft) => draft.steps().iter().for_each(|step| {
                for (name, at) in &step.names {
                    assert!(
                        text.get(*at..)
                            .is_some_and(|rest| rest.starts_with(&format!(":{name}")))
                    );
                }
                for character in 0..=step.text.chars().count() + 1 {
                    assert!(text.is_char_boundary(step.place(character)));
                }
            }),
            Err(mistakes) => assert!(!mistakes.is_empty()),
        }
    }
});
