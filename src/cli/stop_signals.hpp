#pragma once

namespace mapnet {

/// From here on SIGINT and SIGTERM are requests to stop, once: a second one ends the program as if
/// nobody listened.
void listen_for_stop_signals();

/// The signal that came, or 0.
int stop_signal();

}  // namespace mapnet
