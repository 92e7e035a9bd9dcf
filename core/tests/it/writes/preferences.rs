//! `Prefer` and the query parameters of writes.

use windlass_core::app::Limits;

use super::Body::{Any, Code, Empty, Json};
use super::{Case, FULL, OBJECT, case, run, send, setup};
use crate::app::{Setup, with_app};

#[test]
fn preferences() {
    const CASES: &[Case] = &[
        case(
            "POST /api/things?columns=id,code&select=id,name",
            &[],
            r#"{"id":1,"code":"a","name":"left out","nonsense":7}"#,
            201,
            &[],
            Json(r#"{"id":1,"name":"unnamed"}"#),
        ),
        case(
            "POST /api/things?columns=%22id%22,%22code%22&select=id",
            &[],
            r#"[{"id":2,"code":"b","x":1},{"id":3,"code":"c"}]"#,
            201,
            &[],
            Json(r#"[{"id":2},{"id":3}]"#),
        ),
        case(
            "POST /api/things?columns=id,nam",
            &[],
            r#"{"id":9,"code":"z"}"#,
            400,
            &[],
            Code("unknown_column"),
        ),
        case(
            "POST /api/things?columns=id,",
            &[],
            r#"{"id":9,"code":"z"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PATCH /api/things/1?columns=note&select=name,note",
            &[],
            r#"{"name":"no","note":"yes"}"#,
            200,
            &[],
            Json(r#"{"name":"unnamed","note":"yes"}"#),
        ),
        case(
            "PATCH /api/things/1?columns=note",
            &[],
            r#"{"name":"no"}"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "PUT /api/things/1?columns=code&select=code,note",
            &[],
            r#"{"code":"a","note":"no"}"#,
            200,
            &[],
            Json(r#"{"code":"a","note":null}"#),
        ),
        case(
            "DELETE /api/things/1?columns=code",
            &[],
            "",
            400,
            &[],
            Code("bad_query"),
        ),
        case("GET /api/things?columns=id", &[], "", 400, &[], Code("bad_query")),
        // Absent keys of an array.
        case(
            "POST /api/things?select=name,note",
            &[],
            r#"[{"id":10,"code":"j","name":"J"},{"id":11,"code":"k","note":"n"}]"#,
            201,
            &[("!preference-applied", "")],
            Json(r#"[{"name":"J","note":null},{"name":"unnamed","note":"n"}]"#),
        ),
        case(
            "POST /api/things?select=name",
            &[("prefer", "missing=default")],
            r#"[{"id":12,"code":"l","name":"L"},{"id":13,"code":"m"}]"#,
            201,
            &[("preference-applied", "missing=default")],
            Json(r#"[{"name":"L"},{"name":"unnamed"}]"#),
        ),
        case(
            "POST /api/things?select=name",
            &[("prefer", "missing=null")],
            r#"[{"id":14,"code":"n","name":"N"},{"id":15,"code":"o"}]"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        case(
            "POST /api/things?select=id,note",
            &[("prefer", "missing=null")],
            r#"[{"id":14,"code":"n","note":"N"},{"id":15,"code":"o"}]"#,
            201,
            &[("preference-applied", "missing=null")],
            Json(r#"[{"id":14,"note":"N"},{"id":15,"note":null}]"#),
        ),
        case(
            "POST /api/things?columns=id,code,note,name&select=id",
            &[("prefer", "missing=null")],
            r#"[{"id":16,"code":"p"}]"#,
            422,
            &[],
            Code("validation_failed"),
        ),
        // How many rows.
        case(
            "PATCH /api/things",
            &[],
            r#"{"note":"all"}"#,
            400,
            &[],
            Code("mass_write"),
        ),
        case(
            "PATCH /api/things",
            &[("prefer", "max-affected=100")],
            r#"{"note":"all"}"#,
            400,
            &[],
            Code("mass_write"),
        ),
        case(
            "PATCH /api/things",
            &[("prefer", "handling=strict, max-affected=2")],
            r#"{"note":"all"}"#,
            400,
            &[],
            Code("max_affected"),
        ),
        case("GET /api/things?note=eq.all", &[], "", 200, &[], Json("[]")),
        case(
            "PATCH /api/things",
            &[("prefer", "handling=strict, max-affected=100")],
            r#"{"note":"all"}"#,
            204,
            &[
                ("preference-applied", "handling=strict, max-affected=100"),
                ("content-range", "*/9"),
            ],
            Empty,
        ),
        case(
            "PATCH /api/things?id=in.(1,2)",
            &[("prefer", "max-affected=1")],
            r#"{"note":"two"}"#,
            204,
            &[("!preference-applied", "")],
            Empty,
        ),
        case(
            "DELETE /api/things?id=gte.10",
            &[("prefer", "handling=strict, max-affected=5")],
            "",
            400,
            &[],
            Code("max_affected"),
        ),
        case(
            "DELETE /api/things?id=gte.10&select=id",
            &[("prefer", "handling=strict, max-affected=6, return=representation")],
            "",
            200,
            &[(
                "preference-applied",
                "return=representation, handling=strict, max-affected=6",
            )],
            Any,
        ),
        case(
            "DELETE /api/things?id=eq.1",
            &[("prefer", "handling=strict, max-affected=x")],
            "",
            400,
            &[],
            Code("bad_header"),
        ),
        case(
            "POST /api/things",
            &[("prefer", "handling=strict, max-affected=1")],
            r#"[{"id":20,"code":"t"},{"id":21,"code":"u"}]"#,
            400,
            &[],
            Code("max_affected"),
        ),
        case("GET /api/things?id=gte.10", &[], "", 200, &[], Json("[]")),
        case("DELETE /api/things", &[], "", 400, &[], Code("mass_write")),
        // A write that is tried only.
        case(
            "POST /api/things?select=id",
            &[("prefer", "tx=rollback")],
            r#"{"id":30,"code":"dry"}"#,
            201,
            &[("preference-applied", "tx=rollback")],
            Json(r#"{"id":30}"#),
        ),
        case("GET /api/things/30", &[], "", 404, &[], Any),
        case(
            "DELETE /api/things/1",
            &[("prefer", "tx=rollback, handling=strict")],
            "",
            204,
            &[("preference-applied", "tx=rollback, handling=strict")],
            Empty,
        ),
        case("GET /api/things/1?select=id", &[], "", 200, &[], Json(r#"{"id":1}"#)),
        case(
            "POST /api/later",
            &[("prefer", "tx=commit")],
            r#"{"id":1,"word":"w"}"#,
            201,
            &[("preference-applied", "tx=commit")],
            Any,
        ),
        case(
            "POST /api/later",
            &[("prefer", "tx=rollback")],
            r#"{"id":2,"word":"w"}"#,
            409,
            &[],
            Code("unique_conflict"),
        ),
        case(
            "POST /api/things",
            &[("prefer", "tx=rollback"), ("idempotency-key", "dry")],
            r#"{"id":30,"code":"dry"}"#,
            201,
            &[("!idempotency-replayed", "")],
            Any,
        ),
        case(
            "POST /api/things",
            &[("prefer", "tx=rollback"), ("idempotency-key", "dry")],
            r#"{"id":30,"code":"dry"}"#,
            201,
            &[("!idempotency-replayed", "")],
            Any,
        ),
        // What means nothing there.
        case(
            "PATCH /api/things?id=eq.1&on_conflict=code",
            &[],
            r#"{"note":"x"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "DELETE /api/things/1?on_conflict=code",
            &[],
            "",
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PUT /api/things/1?on_conflict=code",
            &[],
            r#"{"code":"a"}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PATCH /api/things?id=eq.1",
            &[("prefer", "handling=strict, resolution=merge-duplicates")],
            r#"{"note":"x"}"#,
            400,
            &[],
            Code("bad_header"),
        ),
        case(
            "PATCH /api/things?id=eq.1",
            &[("prefer", "resolution=merge-duplicates")],
            r#"{"note":"x"}"#,
            204,
            &[("!preference-applied", "")],
            Empty,
        ),
        case(
            "DELETE /api/things/1",
            &[("prefer", "handling=strict, missing=default")],
            "",
            400,
            &[],
            Code("bad_header"),
        ),
        case(
            "GET /api/things",
            &[("prefer", "handling=strict, max-affected=1")],
            "",
            400,
            &[],
            Code("bad_header"),
        ),
        case(
            "GET /api/things?id=eq.1&select=id",
            &[("prefer", "handling=strict, count=exact")],
            "",
            200,
            &[("preference-applied", "count=exact, handling=strict")],
            Json(r#"[{"id":1}]"#),
        ),
        // What comes back, and how many.
        case(
            "POST /api/things?select=id",
            &[("prefer", "count=exact, return=representation")],
            r#"{"id":40,"code":"counted"}"#,
            201,
            &[
                ("content-range", "*/1"),
                ("preference-applied", "return=representation, count=exact"),
            ],
            Json(r#"[{"id":40}]"#),
        ),
        case(
            "PATCH /api/things?id=eq.40",
            &[("prefer", "count=planned")],
            r#"{"note":"n"}"#,
            204,
            &[("content-range", "*/1"), ("preference-applied", "count=exact")],
            Empty,
        ),
        case("DELETE /api/things/40", &[], "", 204, &[("!content-range", "")], Empty),
        case(
            "POST /api/things?select=n:name",
            &[FULL],
            r#"{"id":31,"code":"x"}"#,
            201,
            &[("preference-applied", "return=representation")],
            Json(r#"[{"n":"unnamed"}]"#),
        ),
        case(
            "POST /api/things?select=n:name",
            &[FULL, OBJECT],
            r#"{"id":32,"code":"y"}"#,
            201,
            &[],
            Json(r#"{"n":"unnamed"}"#),
        ),
        case(
            "DELETE /api/things/32?select=id",
            &[FULL],
            "",
            200,
            &[("!etag", "")],
            Json(r#"{"id":32}"#),
        ),
    ];
    with_app(setup(), |app| async move { run(&app, CASES).await });
    with_app(
        Setup {
            limits: Limits::default(),
            ..setup()
        },
        |app| async move {
            let row = r#"{"id":1,"code":"a"}"#;
            send(
                &app,
                "POST /api/things",
                &[("prefer", "tx=rollback, handling=strict")],
                row,
            )
            .await
            .is(400);
            let stored = send(&app, "POST /api/things", &[("prefer", "tx=rollback")], row)
                .await
                .is(201);
            assert!(!stored.headers.contains_key("preference-applied"));
            app.get("/api/things/1").await.is(200);
        },
    );
}
