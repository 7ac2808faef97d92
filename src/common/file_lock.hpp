#pragma once

#include <sys/file.h>

#include <cerrno>

namespace mapnet {

/// Locks an open file or folder until it is closed, or its process ends. False where somebody else
/// has it; true, too, on a file system without locks, where nobody can tell.
inline bool lock_now(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

}  // namespace mapnet
