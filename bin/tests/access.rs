//! Keys, tokens and tenants from the command line to the API.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SECRET: &str = "WINDLASS_AUTH_JWT_SECRET";

fn windlass(directory: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.current_dir(directory).args(args).env_remove(SECRET);
    command.output().unwrap()
}

fn done(directory: &Path, args: &[&str]) -> String {
    let output = windlass(directory, args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(directory: &Path, args: &[&str], code: i32) -> String {
    let output = windlass(directory, args);
    assert_eq!(output.status.code(), Some(code), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn project() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new()
        .prefix("windlass-access-")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    done(folder.path(), &["new", "app"]);
    folder
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let folder = project();
    let app = folder.path().join("app");
    let key = done(
        &app,
        &[
            "key",
            "create",
            "import",
            "--scope",
            "a.read",
            "--scope",
            "a.write",
            "--tenant",
            "acme",
            "--expires",
            "90d",
        ],
    );
    let key = key.trim();
    assert!(key.starts_with("wl_") && key.len() == 46, "{key}");
    let made: Value =
        serde_json::from_str(&done(&app, &["key", "create", "other", "--role", "editor", "--json"])).unwrap();
    assert!(
        made["key"]
            .as_str()
            .unwrap()
            .starts_with(made["hint"].as_str().unwrap())
    );

    let listed = done(&app, &["key", "list"]);
    assert!(
        listed.contains("a.read a.write") && listed.contains("acme") && !listed.contains(key),
        "{listed}"
    );
    done(&app, &["key", "revoke", "1"]);
    let keys: Value = serde_json::from_str(&done(&app, &["key", "list", "--json"])).unwrap();
    assert_eq!(keys[0]["role"], "editor");
    assert_eq!(
        (keys[0]["revoked_at"].is_null(), keys[1]["revoked_at"].is_null()),
        (true, false)
    );
    assert!(keys.to_string().len() > 100 && !keys.to_string().contains("hash"));

    assert!(refused(&app, &["key", "revoke", "99"], 1).contains("there is no key 99"));
    refused(&app, &["key", "create", "x", "--expires", "soon"], 2);
    refused(&app, &["key", "create", "x", "--scope", "a b"], 2);
    let told = "select action || ' ' || command from windlass.audit";
    let audit = done(&app, &["db", "psql", "--", "-Atc", told]);
    assert!(
        audit.contains("key_create") && audit.contains("key_revoke") && !audit.contains(key),
        "{audit}"
    );
}

#[test]
fn a_token_is_made_only_if_it_would_be_taken() {
    let folder = project();
    let app = folder.path().join("app");
    assert!(refused(&app, &["token", "--subject", "ada"], 1).contains("WINDLASS_AUTH_JWT_SECRET"));
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/fixtures/keys");
    std::fs::copy(keys.join("p256.pem"), app.join("auth.pem")).unwrap();
    let settings = app.join("windlass.toml");
    let plain = std::fs::read_to_string(&settings).unwrap();
    let with = |more: &str| std::fs::write(&settings, format!("{plain}\n{more}")).unwrap();

    with("[[auth.keys]]\nalgorithm = \"ES256\"\nfile = \"auth.pem\"\n");
    let private = keys.join("p256.private.pem");
    let private = private.to_str().unwrap();
    let token = done(
        &app,
        &["token", "--subject", "ada", "--key", private, "--claim", "plan=pro"],
    );
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    assert!(refused(&app, &["token", "--subject", "ada"], 1).contains("--key"));
    let other = keys.join("rsa.private.pem");
    assert!(refused(&app, &["token", "--key", other.to_str().unwrap()], 1).contains("cannot be used for ES256"));
    let expired = ["token", "--key", private, "--claim", "exp=1"];
    assert!(refused(&app, &expired, 1).contains("the token has expired"));

    with("[[auth.keys]]\nalgorithm = \"RS256\"\nfile = \"auth.pem\"\n");
    let check = windlass(&app, &["check"]);
    let found = String::from_utf8(check.stdout).unwrap();
    assert!(!check.status.success() && found.contains("windlass.toml:"), "{found}");
    assert!(found.contains("the key is of another type than RS256 needs"), "{found}");
}

#[test]
fn tenants_are_enabled_by_a_migration() {
    let folder = project();
    let app = folder.path().join("app");
    let migration = app.join("migrations/2026-11-24-000000_leads");
    std::fs::create_dir_all(&migration).unwrap();
    let sql = "create table leads (id bigint generated always as identity primary key, name text unique);\n\
               insert into leads (name) values ('one');\n";
    std::fs::write(migration.join("up.sql"), sql).unwrap();
    std::fs::write(migration.join("down.sql"), "drop table leads;\n").unwrap();
    done(&app, &["migrate", "up"]);
    let resource = "[tenant]\ncolumn = \"tenant_id\"\n[access]\nread = [\"authenticated\"]\n";
    std::fs::write(app.join("resources/leads.toml"), resource).unwrap();
    assert!(!windlass(&app, &["check"]).status.success());

    assert!(refused(&app, &["tenant", "enable", "nothing"], 1).contains("there is no table"));
    refused(&app, &["tenant", "enable"], 2);
    let files = done(&app, &["tenant", "enable", "leads", "--existing", "acme"]);
    assert_eq!(files.lines().count(), 2, "{files}");
    // Checked as it will be, before it is applied.
    done(&app, &["check"]);
    done(&app, &["migrate", "up"]);
    done(&app, &["check"]);
    let forced = "select relforcerowsecurity, relrowsecurity from pg_class where relname = 'leads'";
    let forced = || done(&app, &["db", "psql", "--", "-Atc", forced]);
    assert_eq!(forced(), "t|t\n");
    done(&app, &["migrate", "down"]);
    assert_eq!(forced(), "f|f\n");
}

#[test]
fn the_doctor_ends_with_1_where_something_is_wrong() {
    let folder = project();
    let app = folder.path().join("app");
    assert_eq!(done(&app, &["doctor"]), "");
    let table = "create table notes (id bigint primary key, owner text); alter table notes enable row level security; \
                 create policy own on notes using (owner = current_user)";
    done(&app, &["db", "psql", "--", "-qc", table]);
    let told = windlass(&app, &["doctor"]);
    assert_eq!(told.status.code(), Some(1));
    let text = String::from_utf8_lossy(&told.stdout);
    for line in [
        "row-level security of `public.notes` is not forced",
        "          alter table public.notes force row level security;\n",
        "          create index concurrently on public.notes (owner);\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let json = windlass(&app, &["doctor", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let places: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["where"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["public.notes", "public.notes.owner"]);
    refused(&app, &["doctor", "--tenant", "a"], 2);
    refused(&app, &["doctor", "--tenant", "a", "--tenant", "a"], 2);
}
