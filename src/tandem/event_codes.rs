//! The event codes to ask for where the server insists on a list.

/// What the web app asks for and what this program reads, observed up to October 2026. Without a list in
/// the request, the server sends every event, which is what we want. This list is only for the day when it no longer does.
#[rustfmt::skip]
const EVENT_CODES: [u16; 68] = [
    3, 4, 5, 6, 9, 11, 12, 13, 14, 16, 20, 21, 26, 28, 33, 34, 35, 53, 55, 57, 59, 60, 61, 63, 64, 65, 66, 69, 81, 90, 99,
    140, 171, 172, 191, 203, 212, 213, 214, 229, 230, 256, 279, 280, 307, 313, 369, 370, 371, 372, 394, 399, 404, 405, 406,
    447, 460, 461, 477, 480, 486, 558, 559, 562, 563, 564, 565, 566,
];

/// The list as the one value of `eventCodes`: repeated keys return nothing.
pub(super) fn list() -> String {
    EVENT_CODES.map(|code| code.to_string()).join(",")
}
