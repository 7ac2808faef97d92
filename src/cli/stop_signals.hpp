#pragma once

namespace mapnet {

/// From here on SIGINT, SIGTERM and SIGHUP are requests to stop. A second SIGINT or SIGTERM ends
/// the program as if nobody listened. SIGHUP does not, since a terminal that is closed sends two,
/// the shell's and the kernel's, while a checkpoint is written. Under nohup it goes on being passed
/// over.
void listen_for_stop_signals();

/// Has SIGUSR1 sent to this process when the one ends that started it and says so in MAPNET_OWNER,
/// a request to stop too: a killed reproduction leaves no trainings behind that nobody watches.
void end_with_owner();

/// The signal that came, or 0.
int stop_signal();

}  // namespace mapnet
