//! Tables of texts, and anything at all.

use proptest::prelude::*;

use super::{Step, split};

/// The only statement of a text that has no mistakes.
#[track_caller]
fn one(text: &str) -> Step {
    let (mut steps, mistakes) = split(text, 0);
    assert!(mistakes.is_empty(), "{text}: {mistakes:?}");
    assert_eq!(steps.len(), 1, "{text}");
    steps.remove(0)
}

fn names(step: &Step) -> Vec<&str> {
    step.names.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn parameters_become_numbers_and_nothing_else_does() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("select 1", "select 1", &[]),
        ("select :a", "select $1", &["a"]),
        ("select :a, :b, :a", "select $1, $2, $1", &["a", "b"]),
        ("select :a::int, b::text", "select $1::int, b::text", &["a"]),
        ("select :a ::int", "select $1 ::int", &["a"]),
        ("select x:::y", "select x:: $1", &["y"]),
        ("select ':a', ':''a'", "select ':a', ':''a'", &[]),
        ("select 'a\\', :b", "select 'a\\', $1", &["b"]),
        ("select E'\\':a', :b", "select E'\\':a', $1", &["b"]),
        ("select e'a\\\\', :b", "select e'a\\\\', $1", &["b"]),
        ("select e'a'\n'\\':x', :b", "select e'a'\n'\\':x', $1", &["b"]),
        (
            "select e'a' -- c\n '\\':x', :b",
            "select e'a' -- c\n '\\':x', $1",
            &["b"],
        ),
        ("select 'a'\n':x', :b", "select 'a'\n':x', $1", &["b"]),
        (
            "select B'1', X'f', N'\\', U&'\\0041:a', :b",
            "select B'1', X'f', N'\\', U&'\\0041:a', $1",
            &["b"],
        ),
        (
            "select \":a\", \"x\"\":b\", U&\":c\"",
            "select \":a\", \"x\"\":b\", U&\":c\"",
            &[],
        ),
        ("select $$ :a ' $$, :b", "select $$ :a ' $$, $1", &["b"]),
        ("select $f$ :a $$ $f$, :b", "select $f$ :a $$ $f$, $1", &["b"]),
        ("select $ä$ :a $ä$, :b", "select $ä$ :a $ä$, $1", &["b"]),
        ("select a$b$, :c, d$b$", "select a$b$, $1, d$b$", &["c"]),
        ("select 1 -- :a\n + :b", "select 1 \n + $1", &["b"]),
        ("select 1 /* :a /* :b */ :c */ + :d", "select 1  + $1", &["d"]),
        ("select 1 /*/ :a */ + :d", "select 1  + $1", &["d"]),
        ("select f(x := :a, y => :b)", "select f(x := $1, y => $2)", &["a", "b"]),
        ("select f(x:=1)", "select f(x:=1)", &[]),
        (
            "select a[1:2], a[1:n], a[i:n], a[(1):n], a[b[1]:n]",
            "select a[1:2], a[1:n], a[i:n], a[(1):n], a[b[1]:n]",
            &[],
        ),
        (
            "select a[:i], a[1 + :i], a[:i:n], a[:2]",
            "select a[$1], a[1 + $1], a[$1:n], a[:2]",
            &["i"],
        ),
        (
            "select array[:a, :b], array[f(:a)]",
            "select array[$1, $2], array[f($1)]",
            &["a", "b"],
        ),
        (
            "select array[1 or :a, case when :b then :c end]",
            "select array[1 or $1, case when $2 then $3 end]",
            &["a", "b", "c"],
        ),
        ("select a limit:n", "select a limit $1", &["n"]),
        ("select :a$b$ :c $b$", "select $1$b$ :c $b$", &["a"]),
        ("select 1.5e3, :a", "select 1.5e3, $1", &["a"]),
        (
            "select j->>:k, j #> '{:x}', a ? :k",
            "select j->>$1, j #> '{:x}', a ? $2",
            &["k"],
        ),
        ("select :a;", "select $1", &["a"]),
        ("  select :a ; ; -- done\n", "select $1", &["a"]),
        ("select 'ä', :a -- ö", "select 'ä', $1", &["a"]),
        ("select ä:a", "select ä $1", &["a"]),
        ("select :1, a : b", "select :1, a : b", &[]),
        ("select :_a1", "select $1", &["_a1"]),
        ("select x\r\nfrom t where a=:a", "select x\r\nfrom t where a=$1", &["a"]),
    ];
    for (text, sent, expected) in cases {
        let step = one(text);
        // A parameter of the same name has the same number.
        let sent = sent.replace("a ? $2", "a ? $1");
        assert_eq!(step.text, sent, "{text}");
        assert_eq!(names(&step), *expected, "{text}");
    }
}

#[test]
fn statements_are_split_at_lines_that_say_then() {
    for (text, expected) in [
        ("select 1\n-- then\nselect 2", &["select 1", "select 2"][..]),
        ("select 1;\n  --   THEN  \r\nselect 2;", &["select 1", "select 2"]),
        ("select 1\n-- then:\nselect 2", &["select 1\n\nselect 2"]),
        ("select '\n-- then\n' as a", &["select '\n-- then\n' as a"]),
        ("select $$\n-- then\n$$", &["select $$\n-- then\n$$"]),
        ("/*\n-- then\n*/ select 1", &["select 1"]),
        ("-- then what\nselect 1", &["select 1"]),
    ] {
        let (steps, mistakes) = split(text, 0);
        assert!(mistakes.is_empty(), "{text}: {mistakes:?}");
        let found: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
        assert_eq!(found, expected, "{text}");
    }
    // Each has numbers of its own.
    let (steps, _) = split("select :a, :b\n-- then\nselect :b", 0);
    assert_eq!(names(&steps[1]), ["b"]);
    assert_eq!(steps[1].text, "select $1");
}

#[test]
fn mistakes_have_places() {
    for (text, place, part) in [
        ("", 0, "no statement"),
        ("-- nothing\n", 11, "no statement"),
        ("select 1\n-- then\n", 17, "no statement"),
        ("-- then\nselect 1", 0, "no statement"),
        ("select 1; select 2", 8, "another statement"),
        ("select 1 -- then", 9, "behind other text"),
        ("select (1\n-- then\n) select 2", 10, "inside of brackets"),
        ("select 'a", 7, "no end"),
        ("select \"a", 7, "no end"),
        ("select e'a\\'", 7, "no end"),
        ("select e'a\\", 7, "no end"),
        ("select $x$ a", 7, "`$x$` is missing"),
        ("select 1 /* a /* b */", 9, "no end"),
        ("select $1", 7, "have names"),
        ("select :näme", 7, "no name of a parameter"),
    ] {
        let (_, mistakes) = split(text, 0);
        let found = mistakes.first().map(|(at, message, _)| (at.start, message.as_str()));
        assert!(
            found.is_some_and(|(at, message)| at == place && message.contains(part)),
            "{text}: {mistakes:?}"
        );
    }
}

#[test]
fn places_lead_back_to_the_file() {
    let text = "/* head */ select 'ä', -- note\n  wrong, :limit, more from t";
    let step = one(text);
    assert_eq!(step.text, "select 'ä', \n  wrong, $1, more from t");
    let character = |part: &str| step.text[..step.text.find(part).unwrap()].chars().count() + 1;
    for (sent, file) in [
        ("select", "select"),
        ("'ä'", "'ä'"),
        ("wrong", "wrong"),
        ("$1", ":limit"),
        ("more", "more"),
        ("t", "t from t"),
    ] {
        let sent = if sent == "t" {
            step.text.chars().count()
        } else {
            character(sent)
        };
        let file = if file == "t from t" {
            text.len() - 1
        } else {
            text.find(file).unwrap()
        };
        assert_eq!(step.place(sent), file);
    }
    assert_eq!(step.names[0].1, text.find(":limit").unwrap());
    // Beyond the end is the end.
    assert_eq!(step.place(10_000), text.len());
}

/// Pieces of SQL that matter to the lexer.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(":name".to_owned()),
        Just("::".to_owned()),
        Just(":=".to_owned()),
        Just("'".to_owned()),
        Just("''".to_owned()),
        Just("E'".to_owned()),
        Just("\\".to_owned()),
        Just("\"".to_owned()),
        Just("$$".to_owned()),
        Just("$t$".to_owned()),
        Just("--".to_owned()),
        Just("-- then\n".to_owned()),
        Just("/*".to_owned()),
        Just("*/".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just(";".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("ä".to_owned()),
        "[a-z0-9:$ ]{0,4}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn anything_is_read(text in proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())) {
        let (steps, mistakes) = split(&text, 0);
        for (at, ..) in mistakes {
            prop_assert!(at.start <= at.end && at.end <= text.len());
            prop_assert!(text.is_char_boundary(at.start));
        }
        for step in steps {
            for (name, at) in &step.names {
                let rest = text.get(*at + 1..).unwrap_or_default();
                prop_assert!(text.as_bytes().get(*at) == Some(&b':') && rest.starts_with(name.as_str()));
            }
            for character in 0..=step.text.chars().count() + 2 {
                let place = step.place(character);
                prop_assert!(place <= text.len() && text.is_char_boundary(place), "{character} of {:?}: {place}", step.text);
            }
        }
    }

    /// Whatever stands in a text, a name or a comment is no parameter, and leaves the one behind it where it was.
    #[test]
    fn nothing_is_spliced(inside in "[^'\"\\\\$*/\r\n]{0,20}", form in 0..6_usize) {
        let quoted = match form {
            0 => format!("'{inside}'"),
            1 => format!("E'{inside}\\''"),
            2 => format!("\"{inside}\""),
            3 => format!("$q${inside}$q$"),
            4 => format!("/*{inside}*/"),
            _ => format!("--{inside}\n"),
        };
        let text = format!("select :first, {quoted} , :last from t");
        let (steps, mistakes) = split(&text, 0);
        prop_assume!(form != 5 || !inside.trim().eq_ignore_ascii_case("then"));
        prop_assert!(mistakes.is_empty(), "{mistakes:?}");
        prop_assert_eq!(steps.len(), 1);
        prop_assert_eq!(names(&steps[0]), ["first", "last"]);
        prop_assert!(steps[0].text.ends_with(", $2 from t"), "{}", steps[0].text);
        if form < 4 {
            prop_assert!(steps[0].text.contains(&quoted));
        }
    }
}
