//! Whole bodies: which fields must be there, batches, how violations are told.

use super::*;

#[test]
fn every_violation_at_once() {
    let resource = leads(Vec::new());
    assert_eq!(
        faults(
            &resource,
            Model::Create,
            r#"{"email":"ada@","score":140,"colour":1,"nmae":"x","id":1}"#
        ),
        [
            r#"read_only ["body","id"] is set by the database"#,
            r#"string_email ["body","email"] not an e-mail address"#,
            r#"missing ["body","name"] is required"#,
            r#"less_than_equal ["body","score"] must be at most 100"#,
            r#"extra_forbidden ["body","colour"] is not a field"#,
            r#"extra_forbidden ["body","nmae"] is not a field; did you mean `name`?"#,
        ]
    );
    let error = body(
        &resource,
        Model::Create,
        &parse(br#"{"email":"ada@","name":"A","score":140}"#).unwrap(),
    );
    assert_eq!(
        error.unwrap_err().details(),
        Some("email: not an e-mail address; score: must be at most 100")
    );
}

#[test]
fn models_differ_in_what_must_be_there() {
    let resource = leads(Vec::new());
    let email = r#"{"email":" ADA@Example.com "}"#;
    assert_eq!(
        faults(&resource, Model::Create, email),
        [r#"missing ["body","name"] is required"#]
    );
    assert_eq!(
        faults(&resource, Model::Replace, email),
        [r#"missing ["body","name"] is required"#]
    );
    let checked = body(&resource, Model::Update, &parse(email.as_bytes()).unwrap()).unwrap();
    assert_eq!(checked.rows[0].values, [(1, Bind::Text("ada@example.com".to_owned()))]);
    assert_eq!(
        faults(&resource, Model::Update, "{}"),
        [r#"too_short ["body"] nothing to change: name at least one field"#]
    );
    assert_eq!(
        faults(&resource, Model::Update, r#"{"id":1}"#),
        [r#"read_only ["body","id"] is set by the database"#]
    );
    // The key comes from the path; naming it too is for the planner to compare.
    let text = r#"{"name":"A","email":"a@example.com","id":7,"note":null}"#;
    let checked = body(&resource, Model::Replace, &parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(checked.rows[0].values[0], (0, Bind::Text("7".to_owned())));
    assert_eq!(checked.rows[0].values[3], (3, Bind::Null));
    for model in [Model::Create, Model::Replace, Model::Update] {
        assert_eq!(faults(&resource, model, "5").len(), 1);
        assert!(
            faults(&resource, model, r#"{"score":null}"#)
                .contains(&r#"int_type ["body","score"] must not be null"#.to_owned())
        );
    }
}

#[test]
fn batches() {
    let resource = leads(Vec::new());
    let good = r#"{"email":"a@example.com","name":"A"}"#;
    let checked = body(
        &resource,
        Model::Create,
        &parse(format!("[{good},{good}]").as_bytes()).unwrap(),
    )
    .unwrap();
    assert!(checked.many && checked.rows.len() == 2);
    assert_eq!(
        faults(&resource, Model::Create, &format!("[{good},5,{{\"email\":\"x\"}}]")),
        [
            r#"model_type ["body",1] must be an object"#,
            r#"string_email ["body",2,"email"] not an e-mail address"#,
            r#"missing ["body",2,"name"] is required"#,
        ]
    );
    assert_eq!(
        faults(&resource, Model::Create, "[]"),
        [r#"too_short ["body"] must have at least 1 row"#]
    );
    assert_eq!(
        faults(&resource, Model::Create, "[1,2,3,4]"),
        [r#"too_long ["body"] must have at most 3 rows"#]
    );
    assert_eq!(
        faults(&resource, Model::Replace, "[]"),
        [r#"model_type ["body"] must be an object"#]
    );
}

#[test]
fn a_hundred_violations_are_told_and_the_rest_counted() {
    let entries: Vec<String> = (0..250)
        .map(|n| format!("\"x{n}\":\"{}\"", "v".repeat(n + 10)))
        .collect();
    let text = format!("{{{}}}", entries.join(","));
    let error = body(&leads(Vec::new()), Model::Update, &parse(text.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(error.violations().len(), 100);
    assert!(error.details().unwrap().ends_with("; and 230 more"));
    let long = body(
        &leads(Vec::new()),
        Model::Update,
        &parse(format!("{{\"x\":\"{}\"}}", "v".repeat(300)).as_bytes()).unwrap(),
    );
    assert!(long.unwrap_err().violations()[0].input.is_none());
}
