//! Row-level security of the relations, and the roles of the cluster.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::Found;
use crate::catalog::{Command, Policy, Role, Roles};

/// Of each relation with row-level security, also one without policies; and of each with policies that nobody asks yet.
pub(super) const SECURITY: &str =
    "select s.oid, c.relrowsecurity, c.relforcerowsecurity, p.polname::text, p.polcmd::text, p.polpermissive,
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    from seen s
    join pg_class c on c.oid = s.oid
      and (c.relrowsecurity or exists (select from pg_policy o where o.polrelid = c.oid))
    left join pg_policy p on p.polrelid = s.oid
      and exists (select from unnest(p.polroles) r(oid) where r.oid = 0 or pg_has_role($role, r.oid, 'member'))
    order by s.oid, p.polname";

/// Of roles with `SUPERUSER` or `BYPASSRLS` everybody may be a member: nobody becomes one by a token.
pub(super) const ROLES: &str = "select r.rolname::text, r.rolname = $role,
       r.rolsuper or r.rolbypassrls,
       pg_has_role($role, r.oid, 'member')
    from pg_roles r
    where r.rolname !~ '^pg_'
    order by r.rolname";

pub(super) fn read(rows: &[Row], found: &mut Found) -> Result<(), tokio_postgres::Error> {
    for row in rows {
        let Some(relation) = found.get_mut(&row.try_get(0)?) else {
            continue;
        };
        relation.security.enabled = row.try_get(1)?;
        relation.security.forced = row.try_get(2)?;
        let Some(name) = row.try_get(3)? else { continue };
        relation.security.policies.push(Policy {
            name,
            command: match row.try_get::<_, Option<&str>>(4)? {
                Some("r") => Command::Select,
                Some("a") => Command::Insert,
                Some("w") => Command::Update,
                Some("d") => Command::Delete,
                _ => Command::All,
            },
            permissive: row.try_get::<_, Option<bool>>(5)?.unwrap_or(true),
            using: row.try_get(6)?,
            check: row.try_get(7)?,
        });
    }
    Ok(())
}

pub(super) fn read_roles(rows: &[Row]) -> Result<Roles, tokio_postgres::Error> {
    let mut by_name = BTreeMap::new();
    let mut unbound = false;
    for row in rows {
        let (own, free, member): (bool, bool, bool) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        unbound |= own && free;
        let role = if member && !free { Role::Assumable } else { Role::Closed };
        by_name.insert(row.try_get(0)?, role);
    }
    Ok(Roles { by_name, unbound })
}
