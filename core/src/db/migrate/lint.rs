//! What squawk's linter says of a migration: the rules about harm to a database in service, none about style.

use std::panic::{AssertUnwindSafe, catch_unwind};

use squawk_linter::{Linter, Rule};
use squawk_syntax::SourceFile;

use super::Migration;
use super::rehearsal::{Finding, StatementReport};

/// Rules about what a table's size or its use decides: nothing to say where it is empty or new.
const OF_FILLED_TABLES: [Rule; 10] = [
    Rule::RequireConcurrentIndexCreation,
    Rule::RequireConcurrentIndexDeletion,
    Rule::ConstraintMissingNotValid,
    Rule::AddingFieldWithDefault,
    Rule::AddingForeignKeyConstraint,
    Rule::AddingNotNullableField,
    Rule::AddingRequiredField,
    Rule::AddingSerialPrimaryKeyField,
    Rule::ChangingColumnType,
    Rule::DisallowedUniqueConstraint,
];

/// Rules that hold for every table. Timeouts are set by Windlass itself, and a transaction makes `if exists` needless.
const OF_ALL: [Rule; 18] = [
    Rule::RequireConcurrentPartitionDetach,
    Rule::RequireConcurrentReindex,
    Rule::RenamingColumn,
    Rule::RenamingTable,
    Rule::RenamingObject,
    Rule::BanDropDatabase,
    Rule::BanDropSchema,
    Rule::BanDropTable,
    Rule::BanDropView,
    Rule::BanDropColumn,
    Rule::BanTruncateCascade,
    Rule::BanSetSchema,
    Rule::BanAlterDomainWithAddConstraint,
    Rule::BanConcurrentIndexCreationInTransaction,
    Rule::BanDuplicateColumnAssignments,
    Rule::TransactionNesting,
    Rule::IdentifierTooLong,
    // A `squawk-ignore` that names no rule.
    Rule::UnusedIgnore,
];

/// Lints `up.sql`. `-- squawk-ignore rule` above a statement and `-- squawk-ignore-file rule` switch rules off.
///
/// `server` is the major version. What the linter cannot read it says nothing of: Postgres will.
pub(super) fn findings(migration: &Migration, server: u32) -> Vec<Finding> {
    let text = migration.up.as_str();
    // Not our code, given text that nobody has checked: a service must outlive it.
    let linted = catch_unwind(AssertUnwindSafe(|| {
        let file = SourceFile::parse(text);
        let mut linter = Linter::from(OF_FILLED_TABLES.into_iter().chain(OF_ALL));
        linter.settings.assume_in_transaction = migration.in_transaction;
        if let Ok(version) = server.to_string().parse() {
            linter.settings.pg_version = version;
        }
        linter.lint(&file, text)
    }));
    let Ok(linted) = linted else {
        tracing::warn!(migration = migration.name, "the linter failed on this migration");
        return Vec::new();
    };
    let mut findings: Vec<Finding> = linted
        .into_iter()
        .map(|found| {
            let start = u32::from(found.text_range.start());
            Finding {
                rule: found.code.to_string(),
                line: line(text, usize::try_from(start).unwrap_or_default()),
                message: found.message,
                help: found.help.map(|help| match found.code {
                    Rule::RequireConcurrentIndexCreation | Rule::RequireConcurrentIndexDeletion => format!(
                        "{help} Put it into a migration of its own, with run_in_transaction = false in metadata.toml."
                    ),
                    _ => help,
                }),
            }
        })
        .collect();
    // Several rules may see the same harm in the same words.
    findings.dedup();
    findings
}

/// Leaves out what the rehearsal has shown to be harmless: `blocked` says for each statement whether, up to it,
/// anybody waits for a table with rows.
pub(super) fn narrow(findings: Vec<Finding>, statements: &[StatementReport], blocked: &[bool]) -> Vec<Finding> {
    let harmless = |finding: &Finding| {
        let rule = finding.rule.as_str();
        let place = statements.iter().rposition(|statement| statement.line <= finding.line);
        let waits = place.and_then(|place| blocked.get(place)).copied().unwrap_or(true);
        !waits && OF_FILLED_TABLES.iter().any(|of_filled| of_filled.to_string() == rule)
    };
    findings.into_iter().filter(|finding| !harmless(finding)).collect()
}

/// The line of a byte, counted from 1.
pub(super) fn line(text: &str, byte: usize) -> u32 {
    let before = text.get(..byte).unwrap_or(text);
    u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(up: &str, in_transaction: bool) -> Vec<(String, u32)> {
        let migration = Migration {
            version: "1".to_owned(),
            name: "1_a".to_owned(),
            up: up.to_owned(),
            down: None,
            in_transaction,
            sha256: String::new(),
        };
        let found = findings(&migration, 16);
        found.into_iter().map(|finding| (finding.rule, finding.line)).collect()
    }

    #[test]
    fn harm_is_found_and_style_is_not() {
        for (up, expected) in [
            ("create index on t (a);", &["require-concurrent-index-creation"][..]),
            ("create table t (a int); create index on t (a);", &[]),
            ("alter table t add column a int not null;", &["adding-required-field"]),
            (
                "alter table t alter column a set not null;",
                &["adding-not-nullable-field"],
            ),
            ("alter table t alter column a type bigint;", &["changing-column-type"]),
            (
                "alter table t add column a uuid default random();",
                &["adding-field-with-default"],
            ),
            (
                "alter table t add constraint c check (a > 0);",
                &["constraint-missing-not-valid"],
            ),
            ("alter table t add constraint c check (a > 0) not valid;", &[]),
            ("alter table t drop column a;", &["ban-drop-column"]),
            ("alter table t rename column a to b;", &["renaming-column"]),
            ("drop table t;", &["ban-drop-table"]),
            ("truncate t cascade;", &["ban-truncate-cascade"]),
            ("create table t (a varchar(10), b timestamp, c serial);", &[]),
            ("not sql at all;", &[]),
        ] {
            let found: Vec<String> = rules(up, true).into_iter().map(|(rule, _)| rule).collect();
            assert_eq!(found, expected, "{up}");
        }
    }

    #[test]
    fn a_comment_switches_a_rule_off_and_lines_are_counted_from_one() {
        let up = "select 1;\n\n-- the reason\n  drop table t;\n-- squawk-ignore ban-drop-table\ndrop table u;\n";
        assert_eq!(rules(up, true), [("ban-drop-table".to_owned(), 4)]);
    }
}
