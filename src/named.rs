//! Enums whose variants have a name each.

/// An enum whose variants have a name each: one row a variant.
macro_rules! named {
    ($(#[$about:meta])* $access:vis enum $type:ident { $($(#[$what:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$about])*
        $access enum $type {
            $($(#[$what])* $variant,)+
        }

        impl $type {
            /// All of them.
            pub(crate) const ALL: &[$type] = &[$($type::$variant,)+];

            /// Its name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }
        }
    };
}
pub(crate) use named;
