// Three users with several client processes each. Every client posts its share under idempotency keys, repeats each
// request that wasn't acknowledged, and checks that each answer belongs to its own prompt.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {

class Crowd {
 public:
  // When we aren't root all clients are of our own user. `requests` is rounded down to equal shares.
  Crowd(const TempFolder& folder, std::string socket, int requests);

  int requests() const { return share_ * kUsers * kClientsPerUser; }
  void for_each_prompt(const std::function<void(const std::string&)>& visit) const;

  void start();
  // Waits until every client has ended: each has the right answer to each of its prompts.
  void expect_everybody_is_content();
  // Every id answers 404 to the next user.
  void expect_nobody_sees_the_others() const;

 private:
  static constexpr int kUsers = 3;
  static constexpr int kClientsPerUser = 4;
  static constexpr unsigned kFirstUid = 2001;

  std::string prompt(int user, int client, int number) const;
  std::string file_of(int user, int client) const;  // the ids it was given, one a line
  int live(int user, int client) const;             // in the client's process

  const TempFolder& folder_;
  std::string socket_;
  int share_;
  bool is_root_ = is_root();  // before a client becomes somebody else
  std::vector<Process> clients_;
};

}  // namespace batchd::e2e
