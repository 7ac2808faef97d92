#include <bit>
#include <stdexcept>

#include "block.hpp"

namespace emulation {

namespace {

const char* name_of(Collective what) {
  switch (what) {
    case Collective::syncwarp:
      return "__syncwarp";
    case Collective::shfl:
      return "__shfl_sync";
    case Collective::shfl_up:
      return "__shfl_up_sync";
    case Collective::shfl_down:
      return "__shfl_down_sync";
    case Collective::shfl_xor:
      return "__shfl_xor_sync";
    case Collective::any:
      return "__any_sync";
    case Collective::all:
      return "__all_sync";
    case Collective::ballot:
      return "__ballot_sync";
  }
  return "?";
}

bool is_shuffle(Collective what) {
  return what == Collective::shfl || what == Collective::shfl_up || what == Collective::shfl_down ||
         what == Collective::shfl_xor;
}

std::string text_of(const char* what, const Site& site) {
  return std::string(what) + " (" + site.file_name() + ":" + std::to_string(site.line()) + ")";
}

std::string hex(unsigned mask) {
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) digits += "0123456789abcdef"[mask >> shift & 15u];
  return "0x" + digits;
}

}  // namespace

std::uint64_t Block::meet_warp(Collective what, unsigned mask, std::uint64_t value, int argument,
                               int width, const Site& site) {
  const auto self = static_cast<std::size_t>(current_);
  const std::size_t warp = self / 32;
  const int lane = static_cast<int>(self % 32);
  Thread& t = threads_[self];
  t.site = site;
  t.meeting = {what, mask, value, 0, argument, width, true};
  if ((mask >> lane & 1u) == 0)
    throw std::runtime_error(text_of(name_of(what), site) + ": the mask " + hex(mask) +
                             " does not name the lane that calls, " + std::to_string(lane));
  if (!std::has_single_bit(static_cast<unsigned>(width)) || width > 32)
    throw std::runtime_error(text_of(name_of(what), site) + ": width " + std::to_string(width));
  t.state = State::at_warp;
  meeting_[warp] |= 1u << lane;
  if ((meeting_[warp] & mask) == mask) {
    complete_meeting(static_cast<int>(warp * 32), mask);
    --ready_;  // the last to come goes on at once
    t.state = State::running;
  } else {
    wait();
  }
  if (!t.meeting.has_result)
    throw std::runtime_error(text_of(name_of(what), site) + ": lane " + std::to_string(lane) +
                             " reads from a lane outside the mask " + hex(mask));
  return t.meeting.result;
}

/// Which lane a shuffle reads from, as the instruction computes it: its own when the other is
/// outside its segment of `width` lanes.
int Block::source_lane(const Thread& t, int lane) const {
  const Meeting& m = t.meeting;
  const int first = lane & ~(m.width - 1), last = first + m.width - 1;
  switch (m.what) {
    case Collective::shfl:
      return first + (m.argument & (m.width - 1));
    case Collective::shfl_up:
      return lane - m.argument >= first ? lane - m.argument : lane;
    case Collective::shfl_down:
      return lane + m.argument <= last ? lane + m.argument : lane;
    case Collective::shfl_xor:
      return (lane ^ m.argument) <= last ? lane ^ m.argument : lane;
    default:
      return lane;
  }
}

/// All lanes of `mask` of the warp whose first thread is `first` have come: hands out the results.
void Block::complete_meeting(int first, unsigned mask) {
  const auto lane_of = [&](int lane) -> Thread& {
    return threads_[static_cast<std::size_t>(first + lane)];
  };
  const Meeting& caller = threads_[static_cast<std::size_t>(current_)].meeting;
  unsigned votes = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1u) == 0) continue;
    const Meeting& m = lane_of(lane).meeting;
    if (m.what != caller.what || m.mask != mask)
      throw std::runtime_error("the lanes of a warp disagree: " + waiting_threads());
    if (m.value != 0) votes |= 1u << lane;
  }
  for (int lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1u) == 0) continue;
    Thread& t = lane_of(lane);
    Meeting& m = t.meeting;
    if (is_shuffle(m.what)) {
      const int source = source_lane(t, lane);
      m.has_result = source >= 0 && source < 32 && (mask >> source & 1u) != 0;
      if (m.has_result) m.result = lane_of(source).meeting.value;
    } else if (m.what == Collective::ballot) {
      m.result = votes;
    } else if (m.what == Collective::any) {
      m.result = votes != 0;
    } else if (m.what == Collective::all) {
      m.result = votes == mask;
    }
    t.state = State::ready;
    ++ready_;
  }
  meeting_[static_cast<std::size_t>(first) / 32] &= ~mask;
}

std::string Block::place(int thread) const {
  const uint3 t = threads_[static_cast<std::size_t>(thread)].index;
  return "thread (" + std::to_string(t.x) + "," + std::to_string(t.y) + "," + std::to_string(t.z) +
         ")";
}

/// "threads 0-31 wait at __syncthreads (k.cu:12); threads 32-63 have returned"
std::string Block::waiting_threads() const {
  std::string text, last;
  std::size_t begin = 0;
  const auto finish = [&](std::size_t end) {
    if (end == begin) return;
    if (!text.empty()) text += "; ";
    text += end - begin == 1 ? "thread " + std::to_string(begin)
                             : "threads " + std::to_string(begin) + "-" + std::to_string(end - 1);
    text += ": " + last;
    begin = end;
  };
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const Thread& t = threads_[i];
    std::string now = "can run";
    if (t.state == State::done) now = "returned";
    if (t.state == State::at_barrier) now = "at " + text_of("__syncthreads", t.site);
    if (t.state == State::at_warp)
      now = "at " + text_of(name_of(t.meeting.what), t.site) + " with mask " + hex(t.meeting.mask);
    if (now != last) finish(i);
    last = now;
  }
  finish(threads_.size());
  return text;
}

}  // namespace emulation
