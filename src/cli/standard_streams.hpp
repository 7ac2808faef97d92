#pragma once

namespace mapnet {

/// Call before anything is opened. Of standard input, output and error that are closed each gets
/// /dev/null, or the next file to be opened would be taken for it; writing to standard output fails
/// there as on a closed one. Where a reader has left, a write is an error and not the program's
/// end.
void settle_standard_streams();

/// Whether all that was printed to standard output has arrived: on a full disk stdio finds out
/// late.
bool output_arrived();

}  // namespace mapnet
