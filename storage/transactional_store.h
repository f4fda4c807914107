// A Store whose verbs can be committed in groups. What StoreThread needs of an implementation (SQLite now, PostgreSQL
// later).
#pragma once

#include "core/store.h"

namespace batchd::storage {

class TransactionalStore : public core::Store {
 public:
  // What is left of the group after a verb or commit failed.
  enum class TransactionState : std::uint8_t {
    intact,  // only the failing verb's own changes are gone
    lost,    // the whole transaction was rolled back (SQLITE_FULL may do that): replay every verb alone
    broken,  // I/O error, corruption, failed fsync: stop
  };

  virtual core::Result<void> begin_transaction() = 0;
  virtual void begin_verb() = 0;
  // A verb that isn't kept leaves nothing behind. If it had written already, the whole group goes (lost): cheaper than
  // a savepoint around every verb, since verbs look before they write and hardly ever fail later.
  virtual TransactionState end_verb(bool keep) = 0;
  virtual core::Result<void>
  commit_transaction() = 0;  // durable on return. Error: all rolled back, transaction_state() says how
  virtual TransactionState transaction_state() const = 0;
  virtual core::Error last_error() const = 0;  // what made it lost or broken

  // Upkeep that nobody waits for, after a group's completions were handed over. `idle`: no verb is waiting.
  virtual TransactionState tend(bool idle) = 0;
};

}  // namespace batchd::storage
