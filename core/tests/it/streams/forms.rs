//! Rows as CSV and NDJSON: members of related rows, and replies that are gathered.

use super::{CSV, asked, setup};
use crate::app::with_app;

#[test]
fn csv_has_the_members_of_rows_that_are_spread() {
    with_app(setup(), |app| async move {
        for (path, wanted) in [
            // Of one row, or of none.
            (
                "/api/members?select=id,...clubs(name,tags),n",
                "id,name,tags,n\r\n1,\"a,b\",\"[\"\"x\"\",\"\"y\"\"]\",7\r\n2,\"a,b\",\"[\"\"x\"\",\"\"y\"\"]\",\r\n3,,,9\r\n4,,,1\r\n",
            ),
            // Of several: a cell per member.
            (
                "/api/clubs?select=id,...members(who:name,n)&members.order=id",
                "id,who,n\r\n1,\"[\"\"Ada\"\",\"\"Bob \\\"\"B\\\"\"\"\"]\",\"[7,null]\"\r\n2,\"[\"\"Cid\"\"]\",[9]\r\n3,[],[]\r\n",
            ),
            // Within one another, and beside a row that is not spread.
            (
                "/api/members?select=...clubs(club:id,...members(ids:id)),clubs(id)&id=in.(3,4)",
                "club,ids,clubs\r\n2,[3],\"{\"\"id\"\":2}\"\r\n,,\r\n",
            ),
            ("/api/members?select=id,...clubs(name)&id=eq.99", "id,name\r\n"),
        ] {
            assert_eq!(asked(&app, path, CSV, "").await.is(200).text, wanted, "{path}");
        }
    });
}
