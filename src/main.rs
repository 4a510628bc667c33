fn main() -> std::process::ExitCode {
    logveil::shell::main()
}
