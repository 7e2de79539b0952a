//! Code 69: something was done to a personal profile.

use super::fields::Fields;

/// Code 69.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileChange {
    /// The name of the profile, if it became the active one.
    pub(crate) activated: Option<String>,
}

/// `status` 3 means an activation, and `name0` to `name15` hold the name, as one client observed. How they hold its letters is
/// unverified: a number is read as a character code, a text as it is.
pub(super) fn read(f: &mut Fields) -> Option<ProfileChange> {
    const ACTIVATED: i64 = 3;
    let letters = (0..16).map_while(|number| f.letters(&format!("name{number}")));
    let name: String = letters.collect();
    let name = name.trim();
    let is_activation = f.integer("status") == Some(ACTIVATED);
    // No public schema lists its properties.
    f.rest_not_used();
    Some(ProfileChange {
        activated: (is_activation && !name.is_empty()).then(|| name.to_owned()),
    })
}
