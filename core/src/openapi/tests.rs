//! The document of a snapshot made by hand.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document;
use super::fixture::snapshot;

fn sample() -> Value {
    document(&snapshot()).unwrap()
}

/// Where linters find it: `npx @redocly/cli lint target/openapi-sample.json`, `openapi-spec-validator target/openapi-sample.json`.
#[test]
fn the_sample_is_written_for_linters() {
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../target");
    std::fs::create_dir_all(target).unwrap();
    let text = serde_json::to_string_pretty(&sample()).unwrap();
    std::fs::write(format!("{target}/openapi-sample.json"), text).unwrap();
}

#[test]
fn equal_snapshots_give_equal_documents() {
    assert_eq!(sample().to_string(), sample().to_string());
}

/// A validator for one schema of the document, which can refer to the others.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut root = schema.as_object().unwrap().clone();
    root.insert("components".to_owned(), document["components"].clone());
    jsonschema::options()
        .should_validate_formats(true)
        .build(&root.into())
        .unwrap()
}

/// Calls `see` for every object of the document.
fn walk(at: &str, value: &Value, see: &mut dyn FnMut(&str, &serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            see(at, members);
            for (key, value) in members
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "examples" | "example" | "default"))
            {
                walk(&format!("{at}/{key}"), value, see);
            }
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, item)| walk(&format!("{at}/{i}"), item, see)),
        _ => {}
    }
}

#[test]
fn every_example_keeps_its_schema() {
    let document = sample();
    let mut seen = 0;
    walk("", &document, &mut |at, members| {
        let (schema, values): (Value, Vec<Value>) =
            match (members.get("schema"), members.get("examples"), members.get("example")) {
                (None, Some(Value::Array(examples)), _) => (members.clone().into(), examples.clone()),
                (Some(schema), Some(Value::Object(named)), _) => {
                    (schema.clone(), named.values().map(|e| e["value"].clone()).collect())
                }
                (Some(schema), _, Some(example)) => (schema.clone(), vec![example.clone()]),
                _ => return,
            };
        let validator = validator(&document, &schema);
        for value in values {
            validator
                .validate(&value)
                .unwrap_or_else(|error| panic!("{at}: {error}: {value}"));
            seen += 1;
        }
    });
    assert!(seen > 150, "only {seen} examples were seen");
}

#[test]
fn whole_bodies_have_examples() {
    let document = sample();
    let schemas = &document["components"]["schemas"];
    for name in [
        "LeadsRead",
        "LeadsCreate",
        "LeadsReplace",
        "LeadsUpdate",
        "KindEventsRead",
        "KindEventsCreate",
        "KindEventsReplace",
        "KindEventsUpdate",
        "BusyLeadsRead",
    ] {
        assert!(schemas[name]["examples"][0].is_object(), "{name}");
    }
    let lead = &schemas["LeadsCreate"]["examples"][0];
    assert_eq!(lead["email"], "ada@example.com");
    assert_eq!(lead["meta"], json!({ "visits": 3 , "utm": "spring" }));
    assert_eq!(lead["code"], "ABC");
    assert_eq!(lead["embedding"].as_array().unwrap().len(), 24);
    // No candidate has the pattern, the rule does not hold for two equal times, and the database sets the others.
    for absent in ["plate", "closed_at", "id", "domain"] {
        assert!(lead.get(absent).is_none(), "{absent}");
    }
    assert!(schemas["LeadsCreate"]["properties"]["plate"].get("examples").is_none());
    assert_eq!(schemas["LeadsRead"]["examples"][0]["closed_at"], Value::Null);
}

#[test]
fn every_reference_leads_somewhere() {
    let document = sample();
    walk("", &document, &mut |at, members| {
        if let Some(Value::String(target)) = members.get("$ref") {
            assert!(document.pointer(&target[1..]).is_some(), "{at}: {target}");
        }
    });
}

#[test]
fn operations() {
    let document = sample();
    let mut ids = BTreeSet::new();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} comes twice");
            assert!(operation["security"].is_array() && operation["tags"].is_array(), "{id}");
            all.push(format!("{} {path} {id}", method.to_uppercase()));
        }
    }
    all.sort();
    assert_eq!(
        all,
        [
            "DELETE /api/kind_events deleteManyKindEvents",
            "DELETE /api/kind_events/{lead_id},{seq} deleteKindEvents",
            "GET /api/busy-leads listBusyLeads",
            "GET /api/kind_events listKindEvents",
            "GET /api/kind_events/{lead_id},{seq} getKindEvents",
            "GET /api/leads listLeads",
            "GET /api/leads/{id} getLeads",
            "GET /api/rpc/echo callEcho",
            "GET /api/rpc/search callSearch",
            "GET /api/rpc/totals callTotals",
            "GET /api/rpc/words callWords",
            "GET /health/live healthLive",
            "GET /health/ready healthReady",
            "HEAD /api/busy-leads headBusyLeads",
            "HEAD /api/kind_events headKindEvents",
            "HEAD /api/kind_events/{lead_id},{seq} headKindEventsItem",
            "HEAD /api/leads headLeads",
            "HEAD /api/leads/{id} headLeadsItem",
            "HEAD /api/rpc/echo headCallEcho",
            "HEAD /api/rpc/search headCallSearch",
            "HEAD /api/rpc/totals headCallTotals",
            "HEAD /api/rpc/words headCallWords",
            "PATCH /api/kind_events updateManyKindEvents",
            "PATCH /api/kind_events/{lead_id},{seq} updateKindEvents",
            "PATCH /api/leads/{id} updateLeads",
            "POST /api/kind_events createKindEvents",
            "POST /api/leads createLeads",
            "POST /api/rpc/close postClose",
            "POST /api/rpc/echo postEcho",
            "POST /api/rpc/search postSearch",
            "POST /api/rpc/totals postTotals",
            "POST /api/rpc/words postWords",
            "PUT /api/kind_events putKindEvents",
            "PUT /api/kind_events/{lead_id},{seq} replaceKindEvents",
            "PUT /api/leads putLeads",
            "PUT /api/leads/{id} replaceLeads",
        ]
    );
    let list = &document["paths"]["/api/leads"]["get"];
    assert_eq!(
        list["security"],
        json!([{ "bearerAuth": ["leads.read"] }, { "apiKeyAuth": ["leads.read"] }])
    );
    let create = &document["paths"]["/api/leads"]["post"];
    assert_eq!(create["security"], json!([]));
    let open = &document["paths"]["/api/kind_events"]["post"];
    for operation in [list, create, open] {
        // Credentials that are not valid are refused everywhere.
        assert_eq!(
            operation["responses"]["401"]["$ref"],
            "#/components/responses/Unauthenticated"
        );
        assert_eq!(
            operation["responses"]["403"]["$ref"],
            "#/components/responses/Forbidden"
        );
    }
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["apiKeyAuth", "bearerAuth"]);
    assert!(
        document["components"]["responses"]["RangeNotSatisfiable"]["headers"]
            .get("Content-Range")
            .is_some()
    );
    assert!(
        open["responses"]["201"]["content"]
            .get("application/vnd.pgrst.object+json")
            .is_some()
    );
}

#[test]
fn models() {
    let document = sample();
    let schemas = &document["components"]["schemas"];
    let (read, create, update) = (&schemas["LeadsRead"], &schemas["LeadsCreate"], &schemas["LeadsUpdate"]);
    assert_eq!(create["required"], json!(["email", "name"]));
    assert_eq!(create["additionalProperties"], json!(false));
    assert!(update.get("required").is_none());
    assert_eq!(read["properties"]["id"]["readOnly"], json!(true));
    assert!(create["properties"].get("id").is_none() && update["properties"].get("domain").is_none());
    assert_eq!(
        create["properties"]["score"],
        json!({ "type": "integer", "format": "int16", "minimum": 0, "maximum": 100, "default": 0, "examples": [50] })
    );
    assert!(update["properties"]["score"].get("default").is_none());
    assert_eq!(create["properties"]["source"]["enum"], json!(["web", null]));
    assert_eq!(
        create["properties"]["code"]["allOf"],
        json!([{ "pattern": "^.{3}$" }]),
        "patterns of Rust alone stay out"
    );
    assert_eq!(
        create["properties"]["meta"]["anyOf"][0]["$ref"],
        "#/components/schemas/LeadsShape.meta"
    );
    let shape = &schemas["LeadsShape.meta"];
    assert_eq!(
        shape["properties"]["utm"]["$ref"],
        "#/components/schemas/LeadsShape.meta/$defs/word"
    );
    assert!(
        create["description"]
            .as_str()
            .unwrap()
            .contains("self.closed_at > self.created_at")
    );
    let names: Vec<&String> = read["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names[..3], ["id", "email", "name"], "in column order");
}

#[test]
fn what_is_not_offered_is_not_described() {
    let document = sample();
    assert!(document["components"]["schemas"].get("BusyLeadsCreate").is_none());
    assert!(
        document["components"]["parameters"]
            .get("KindEventsFilter.select")
            .is_none()
    );
    assert!(document["paths"]["/api/leads"].get("delete").is_none());
}

/// Who may not read the rows is told nothing of them, and picks none by a filter.
#[test]
fn writes_where_rows_may_not_be_read() {
    let document = sample();
    assert!(document["paths"]["/api/leads"].get("patch").is_none());
    let item = &document["paths"]["/api/leads/{id}"];
    for (operation, statuses, prefer) in [
        (
            &document["paths"]["/api/leads"]["post"],
            &["200", "201"][..],
            "PreferCreateUnread",
        ),
        (&item["put"], &["204"], "PreferWriteUnread"),
        (&item["patch"], &["204"], "PreferWriteUnread"),
    ] {
        let responses = operation["responses"].as_object().unwrap();
        let successes: Vec<&String> = responses.keys().filter(|status| status.starts_with('2')).collect();
        assert_eq!(successes, statuses);
        for status in statuses {
            assert!(responses[*status].get("content").is_none());
        }
        let parameters = operation["parameters"].as_array().unwrap();
        let prefer = json!({ "$ref": format!("#/components/parameters/{prefer}") });
        assert_eq!(parameters.first(), Some(&prefer));
        let none = |parameter: &serde_json::Value| !parameter.to_string().contains(".select");
        assert!(parameters.iter().all(none), "nothing is told of rows");
        assert_eq!(responses["401"]["$ref"], "#/components/responses/Unauthenticated");
    }
}

#[test]
fn replacements() {
    let document = sample();
    let schemas = &document["components"]["schemas"];
    let put = &document["paths"]["/api/kind_events/{lead_id},{seq}"]["put"];
    assert_eq!(
        put["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/KindEventsReplace"
    );
    let replace = &schemas["KindEventsReplace"];
    let required = replace["required"].as_array().unwrap();
    for key in ["lead_id", "seq"] {
        assert!(
            !required.contains(&json!(key)) && replace["properties"].get(key).is_some(),
            "{key}"
        );
        assert!(replace["examples"][0].get(key).is_none(), "{key}");
    }
    assert_eq!(schemas["LeadsReplace"]["required"], json!(["email", "name"]));
    assert_eq!(schemas["LeadsReplace"]["properties"]["score"]["default"], json!(0));
    assert!(schemas["LeadsReplace"]["properties"].get("id").is_none());
    assert!(schemas.get("BusyLeadsReplace").is_none());
}

#[test]
fn a_view_is_replaced_as_a_whole() {
    let mut snapshot = snapshot();
    for resource in &mut snapshot.resources {
        std::sync::Arc::make_mut(resource).kind = crate::catalog::RelationKind::View;
    }
    let document = document(&snapshot).unwrap();
    let replace = &document["components"]["schemas"]["LeadsReplace"];
    let names: Vec<&String> = replace["properties"].as_object().unwrap().keys().collect();
    assert_eq!(
        replace["required"],
        json!(names),
        "all but the key, which is read-only here"
    );
    assert!(replace["properties"]["score"].get("default").is_none());
    let events = &document["components"]["schemas"]["KindEventsReplace"];
    assert!(events["required"].as_array().unwrap().contains(&json!("docb")));
    for name in ["LeadsReplace", "KindEventsReplace"] {
        let schema = &document["components"]["schemas"][name];
        for example in schema["examples"].as_array().into_iter().flatten() {
            validator(&document, schema).validate(example).unwrap();
        }
    }
    let item = &document["paths"]["/api/kind_events/{lead_id},{seq}"];
    for method in ["get", "put", "patch", "delete"] {
        assert!(
            item[method]["description"].as_str().unwrap().contains("not_one_row"),
            "{method}"
        );
        assert!(item[method]["responses"].get("406").is_some(), "{method}");
    }
}

#[test]
fn calls_tell_their_arguments_and_what_they_give() {
    let document = sample();
    let at = |pointer: &str| document.pointer(pointer).unwrap_or(&Value::Null);
    let search = "/paths/~1api~1rpc~1search";
    let names = |method: &str| -> Vec<String> {
        let parameters = at(&format!("{search}/{method}/parameters")).as_array().unwrap();
        let named = parameters.iter().map(|one| match one["$ref"].as_str() {
            Some(target) => target.rsplit('/').next().unwrap().to_owned(),
            None => format!(
                "{}{}",
                one["name"].as_str().unwrap(),
                if one["required"] == true { "!" } else { "" }
            ),
        });
        named.collect()
    };
    let get = names("get");
    assert_eq!(get[..3], ["query!", "email!", "most"]);
    // An argument's name stands for the argument; in a body both can be said.
    assert!(
        !get.contains(&"SearchFilter.email".to_owned()) && names("post").contains(&"SearchFilter.email".to_owned())
    );
    assert!(get.contains(&"SearchFilter.status".to_owned()) && !get.contains(&"Cursor".to_owned()));
    let rows = at(&format!(
        "{search}/get/responses/200/content/application~1json/schema/items/anyOf"
    ));
    assert_eq!(
        rows,
        &json!([{ "$ref": "#/components/schemas/LeadsRead" }, { "$ref": "#/components/schemas/LeadsPart" }])
    );
    let arguments = at("/components/schemas/SearchArguments");
    assert_eq!(arguments["required"], json!(["query", "email"]));
    assert_eq!(
        (
            &arguments["properties"]["most"]["default"],
            &arguments["properties"]["most"]["maximum"]
        ),
        (&json!(10), &json!(50))
    );
    assert!(at("/paths/~1api~1rpc~1totals/get/security/0/bearerAuth").is_array());
    assert_eq!(
        at("/components/schemas/TotalsRow/required"),
        &json!(["domain", "leads"])
    );
    assert_eq!(
        at("/paths/~1api~1rpc~1words/get/responses/200/content/application~1json/schema/type"),
        "array"
    );
    let close = at("/paths/~1api~1rpc~1close");
    assert!(close.get("get").is_none() && close["post"]["responses"].get("204").is_some());
    assert!(close["post"]["responses"].get("300").is_some());
    assert_eq!(
        close
            .pointer("/post/requestBody/content/application~1json/schema/anyOf")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
