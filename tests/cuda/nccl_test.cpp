#include <nccl.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>

#include "common/scripted_ranks.hpp"
#include "common/temporary.hpp"
#include "device/cuda/rank_sum.hpp"
#include "emulation/emulation.hpp"

/// How ranks are connected through NCCL, and what happens when one of them is lost: with an NCCL
/// that does what a test says.
using namespace mapnet;
using namespace mapnet::test;

struct FakeComm {
  std::atomic<bool> others_come = true;  // until then a connection waits
  std::atomic<bool> connecting = false, connected = false;
  std::atomic<ncclResult_t> connects = ncclSuccess;
  std::atomic<ncclResult_t> state = ncclSuccess;       // what ncclCommGetAsyncError says
  std::atomic<int> device = -1, size = -1, rank = -1;  // of the connection
  std::atomic<int> aborts = 0;
  int sums = 0;
};

namespace {

using namespace std::chrono_literals;

FakeComm* nccl = nullptr;

struct WithNccl : FakeComm {
  WithNccl() { nccl = this; }
  ~WithNccl() { nccl = nullptr; }
  WithNccl(const WithNccl&) = delete;
  WithNccl& operator=(const WithNccl&) = delete;
};

/// Ranks whose loss the test tells.
struct LosingRanks : ScriptedRanks {
  LosingRanks() : ScriptedRanks([](std::span<float>) {}) {}
  void when_lost(std::function<void()> release, std::function<std::string()> heard) override {
    lose = std::move(release);
    listen = std::move(heard);
  }
  std::function<void()> lose;
  std::function<std::string()> listen;
};

}  // namespace

const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclRemoteError ? "remote process exited" : "system error";
}

ncclResult_t ncclGetUniqueId(ncclUniqueId*) { return ncclSuccess; }

ncclResult_t ncclCommInitRank(ncclComm_t* comm, int ranks, ncclUniqueId, int rank) {
  FakeComm& fake = *nccl;
  int device = -1;
  cudaGetDevice(&device);
  fake.device = device;
  fake.size = ranks;
  fake.rank = rank;
  fake.connecting = true;
  while (!fake.others_come) std::this_thread::sleep_for(1ms);
  const ncclResult_t result = fake.connects;
  *comm = result == ncclSuccess ? &fake : nullptr;
  fake.connected = true;  // the test may be over now
  return result;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  *state = comm->state;
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  ++comm->aborts;
  return ncclSuccess;
}

ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t, ncclDataType_t, ncclRedOp_t,
                           ncclComm_t comm, cudaStream_t) {
  BOOST_TEST(from == to);
  ++comm->sums;
  return ncclSuccess;
}

BOOST_AUTO_TEST_CASE(a_connection_is_of_the_device_in_use_and_closed_with_the_sum) {
  emulation::set_devices({90, 90});
  cudaSetDevice(1);
  WithNccl fake;
  const auto ranks = std::make_shared<LosingRanks>();
  auto sum = cuda::open_rank_sum(ranks, nullptr);
  BOOST_TEST(fake.device == 1);
  BOOST_TEST(fake.size == 2);
  BOOST_TEST(fake.rank == 0);
  BOOST_TEST(fake.aborts == 0);
  sum->run(nullptr, 1);
  BOOST_TEST(fake.sums == 1);
  sum.reset();
  BOOST_TEST(fake.aborts == 1);
  ranks->lose();  // of a connection that is no more
  BOOST_TEST(fake.aborts == 1);
  BOOST_TEST(ranks->listen() == "");
  cudaSetDevice(0);
  emulation::set_devices({90});
}

BOOST_AUTO_TEST_CASE(a_rank_may_be_lost_while_it_is_connected) {
  WithNccl fake;
  fake.others_come = false;
  const auto ranks = std::make_shared<LosingRanks>();
  std::jthread watch([&] {
    while (!fake.connecting) std::this_thread::sleep_for(1ms);
    ranks->lose();
  });
  check_fails([&] { cuda::open_rank_sum(ranks, nullptr); }, {"a rank was lost"});
  BOOST_TEST(!fake.connected);
  fake.others_come = true;  // for the thread that was left behind
  while (!fake.connected) std::this_thread::sleep_for(1ms);
}

BOOST_AUTO_TEST_CASE(a_rank_may_be_lost_before_anything_is_begun) {
  WithNccl fake;
  struct LostRanks : LosingRanks {
    void when_lost(std::function<void()> release, std::function<std::string()>) override {
      release();
    }
  };
  check_fails([&] { cuda::open_rank_sum(std::make_shared<LostRanks>(), nullptr); },
              {"a rank was lost"});
  BOOST_TEST(!fake.connecting);
}

// What NCCL says of more ranks than GPUs on a machine is no more than "invalid usage".
BOOST_AUTO_TEST_CASE(ranks_that_share_a_gpu_are_told_what_to_do) {
  WithNccl fake;
  fake.connects = ncclInvalidUsage;
  check_fails([&] { cuda::open_rank_sum(std::make_shared<LosingRanks>(), nullptr); },
              {"ncclCommInitRank", "a GPU of its own", "--device cpu"});
}

BOOST_AUTO_TEST_CASE(a_connection_that_fails_says_why) {
  WithNccl fake;
  fake.connects = ncclSystemError;
  check_fails([&] { cuda::open_rank_sum(std::make_shared<LosingRanks>(), nullptr); },
              {"system error"});
}

// A machine that is gone is seen by NCCL alone: this one's processes are all there.
BOOST_AUTO_TEST_CASE(what_nccl_hears_of_a_loss_is_passed_on) {
  WithNccl fake;
  const auto ranks = std::make_shared<LosingRanks>();
  const auto sum = cuda::open_rank_sum(ranks, nullptr);
  BOOST_TEST(ranks->listen() == "");
  fake.state = ncclRemoteError;
  BOOST_TEST(ranks->listen().find("remote process exited") != std::string::npos, ranks->listen());
  ranks->lose();
  BOOST_TEST(fake.aborts == 1);
  BOOST_TEST(ranks->listen() == "");
  check_fails([&] { sum->run(nullptr, 1); }, {"a rank was lost"});
  BOOST_TEST(fake.sums == 0);
}
