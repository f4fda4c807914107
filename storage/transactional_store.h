// A Store whose verbs can be committed together (group commit): what StoreThread needs of an implementation.
#pragma once

#include "core/store.h"

namespace batchd::storage {

class TransactionalStore : public core::Store {
 public:
  // What is left of the transaction after a verb or the commit failed.
  enum class TransactionState : std::uint8_t {
    intact,  // nothing but the failing verb's own changes is undone
    lost,    // the whole transaction was rolled back: replay every verb alone
    broken,  // I/O error, corruption or failed fsync: the process must stop
  };

  virtual core::Result<void> begin_transaction() = 0;
  virtual void begin_verb() = 0;
  // Ends the verb. If it isn't kept, its changes are undone; if it had written, the whole transaction is (lost). That
  // is cheaper than a savepoint around every verb, since verbs look before they write and hardly ever fail later.
  virtual TransactionState end_verb(bool keep) = 0;
  // Durable on return. On an error everything was rolled back, and transaction_state() tells whether the store is
  // broken.
  virtual core::Result<void> commit_transaction() = 0;
  virtual TransactionState transaction_state() const = 0;
  virtual core::Error last_error() const = 0;  // what made the transaction lost, or the store broken

  // Does upkeep that nobody waits for, after a transaction's completions were handed over. `idle`: no verb is waiting.
  virtual TransactionState tend(bool idle) = 0;
};

}  // namespace batchd::storage
