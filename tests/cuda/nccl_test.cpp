#include <nccl.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>

#include "common/scripted_ranks.hpp"
#include "device/cuda/rank_sum.hpp"

/// How ranks are connected through NCCL, and what happens when one of them is lost: with an NCCL
/// that does what a test says.
using namespace mapnet;
using namespace mapnet::test;

struct FakeComm {
  std::atomic<ncclResult_t> state = ncclSuccess;  // what ncclCommGetAsyncError says
  std::atomic<int> asked = 0;                     // how often it was
  std::atomic<int> done_after = -1;               // so many questions; -1: when the test says
  std::atomic<int> aborts = 0;
  std::atomic<bool> began = false;
  int blocking = -1;
  int sums = 0;
  ncclResult_t begins = ncclSuccess;  // what is begun returns
};

namespace {

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

bool has(const std::exception& e, const char* text) {
  return std::string(e.what()).find(text) != std::string::npos;
}

}  // namespace

const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclRemoteError ? "remote process exited" : "system error";
}

ncclResult_t ncclGetUniqueId(ncclUniqueId*) { return ncclSuccess; }

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId, int rank,
                                    ncclConfig_t* config) {
  BOOST_TEST(ranks == 2);
  BOOST_TEST(rank == 0);
  nccl->blocking = config->blocking;
  *comm = nccl;
  nccl->began = true;
  return nccl->begins;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  if (++comm->asked == comm->done_after) comm->state = ncclSuccess;
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
  return comm->begins;
}

BOOST_AUTO_TEST_CASE(a_connection_is_waited_for_and_closed_with_the_sum) {
  WithNccl fake;
  fake.begins = ncclInProgress;
  fake.state = ncclInProgress;
  fake.done_after = 3;
  const auto ranks = std::make_shared<LosingRanks>();
  auto sum = cuda::open_rank_sum(ranks, nullptr);
  BOOST_TEST(fake.blocking == 0);
  BOOST_TEST(fake.asked == 3);
  BOOST_TEST(fake.aborts == 0);
  // What NCCL goes on with behind the call must be on the stream when run returns.
  fake.state = ncclInProgress;
  fake.done_after = 5;
  sum->run(nullptr, 1);
  BOOST_TEST(fake.asked == 5);
  fake.begins = ncclSuccess;
  sum->run(nullptr, 1);
  BOOST_TEST(fake.asked == 5);
  BOOST_TEST(fake.sums == 2);
  sum.reset();
  BOOST_TEST(fake.aborts == 1);
  ranks->lose();  // of a connection that is no more
  BOOST_TEST(fake.aborts == 1);
  BOOST_TEST(ranks->listen() == "");
}

BOOST_AUTO_TEST_CASE(a_rank_may_be_lost_while_it_is_connected) {
  WithNccl fake;
  fake.begins = ncclInProgress;
  fake.state = ncclInProgress;  // for ever
  const auto ranks = std::make_shared<LosingRanks>();
  std::jthread watch([&] {
    while (!fake.began) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ranks->lose();
  });
  BOOST_CHECK_EXCEPTION(cuda::open_rank_sum(ranks, nullptr), Error,
                        [](const Error& e) { return has(e, "a rank was lost"); });
  watch.join();
  BOOST_TEST(fake.aborts == 1);
}

BOOST_AUTO_TEST_CASE(a_rank_may_be_lost_before_anything_is_begun) {
  WithNccl fake;
  struct LostRanks : LosingRanks {
    void when_lost(std::function<void()> release, std::function<std::string()>) override {
      release();
    }
  };
  BOOST_CHECK_EXCEPTION(cuda::open_rank_sum(std::make_shared<LostRanks>(), nullptr), Error,
                        [](const Error& e) { return has(e, "a rank was lost"); });
  BOOST_TEST(!fake.began);
}

BOOST_AUTO_TEST_CASE(a_connection_that_fails_says_why) {
  WithNccl fake;
  fake.begins = ncclInProgress;
  fake.state = ncclSystemError;
  BOOST_CHECK_EXCEPTION(cuda::open_rank_sum(std::make_shared<LosingRanks>(), nullptr), Error,
                        [](const Error& e) { return has(e, "system error"); });
  BOOST_TEST(fake.aborts == 1);
}

// A machine that is gone is seen by NCCL alone: this one's processes are all there.
BOOST_AUTO_TEST_CASE(what_nccl_hears_of_a_loss_is_passed_on) {
  WithNccl fake;
  const auto ranks = std::make_shared<LosingRanks>();
  const auto sum = cuda::open_rank_sum(ranks, nullptr);
  BOOST_TEST(ranks->listen() == "");
  fake.state = ncclInProgress;
  BOOST_TEST(ranks->listen() == "");
  fake.state = ncclRemoteError;
  BOOST_TEST(ranks->listen().find("remote process exited") != std::string::npos, ranks->listen());
  ranks->lose();
  BOOST_TEST(fake.aborts == 1);
  BOOST_TEST(ranks->listen() == "");
  BOOST_CHECK_EXCEPTION(sum->run(nullptr, 1), Error,
                        [](const Error& e) { return has(e, "a rank was lost"); });
  BOOST_TEST(fake.sums == 0);
}
