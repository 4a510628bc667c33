#![cfg_attr(feature = "libfuzzer", no_main)]
logveil_fuzz::target!(json);
