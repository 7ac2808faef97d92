#pragma once

namespace mapnet {

/// From here on SIGINT, SIGTERM and SIGHUP, of a terminal that is closed, are requests to stop,
/// once: a second one ends the program as if nobody listened. Under nohup SIGHUP goes on being
/// passed over.
void listen_for_stop_signals();

/// Has SIGUSR1 sent to this process when the one ends that started it and says so in MAPNET_OWNER,
/// a request to stop too: a killed reproduction leaves no trainings behind that nobody watches.
void end_with_owner();

/// The signal that came, or 0.
int stop_signal();

}  // namespace mapnet
