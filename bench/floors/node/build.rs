//! Links the addon.

fn main() {
    napi_build::setup();
}
