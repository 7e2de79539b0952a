//! Code 69: something was done to a personal profile.

use super::fields::{Fields, Missing};

/// Code 69.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileChange {
    /// The name of the profile, where it became the active one.
    pub(crate) activated: Option<String>,
}

/// `status` 3 stands for an activation, and the name is in `name0` to `name15`, as one client saw them. How each holds its
/// letter is not known: a number is taken for its code, a text for itself.
pub(super) fn read(f: &mut Fields<'_>) -> Result<ProfileChange, Missing> {
    const ACTIVATED: i64 = 3;
    const NAMES: [&str; 16] = [
        "name0", "name1", "name2", "name3", "name4", "name5", "name6", "name7", "name8", "name9",
        "name10", "name11", "name12", "name13", "name14", "name15",
    ];
    let letters = NAMES.iter().map_while(|name| f.letters(name));
    let name: String = letters.collect();
    let name = name.trim();
    let is_activation = f.integer("status") == Some(ACTIVATED);
    // No public schema lists its properties.
    f.rest_not_used();
    Ok(ProfileChange {
        activated: (is_activation && !name.is_empty()).then(|| name.to_owned()),
    })
}
